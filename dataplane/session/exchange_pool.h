// What the exchanges of one worker share: objects to begin anew, and backends that many speak to.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/base/spares.h"
#include "dataplane/session/exchange.h"
#include "dataplane/session/h2_backend.h"

namespace sallyport {

/// Exchanges that are over, for the next requests. Thread: the worker's.
class ExchangePool {
 public:
  std::unique_ptr<Exchange> take(SessionContext& context);
  void give_back(std::unique_ptr<Exchange> exchange);
  /// To be called once a second or so: frees what there is no use for.
  void ebb(Loop& loop);
  H2Backends& backends() { return backends_; }

 private:
  Spares spares_{128};  // what the streams of one connection use
  std::vector<std::unique_ptr<Exchange>> idle_;
  H2Backends backends_;
};

}  // namespace sallyport
