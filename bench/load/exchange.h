// What is said on a connection, apart from how it is carried: bytes to send, and a judgement on
// those received. One object per connection, begun anew for each exchange.
#pragma once

#include <memory>
#include <optional>

#include "bench/load/failure.h"
#include "bench/load/options.h"
#include "dataplane/base/bytes.h"

namespace sallyport::bench {

class Exchange {
 public:
  enum class Step : uint8_t { More, Done, Failed };

  virtual ~Exchange() = default;

  /// A new connection stands; what the last one left behind is to be forgotten.
  virtual void opened() {}
  virtual void begin() = 0;
  /// What is to be sent next; empty when there is nothing. Valid until sent().
  virtual Bytes to_send() = 0;
  virtual void sent(size_t bytes) = 0;
  /// Whether our half of the connection is to be closed now.
  virtual bool wants_end() const { return false; }
  /// We have closed our half.
  virtual Step end_sent() { return Step::More; }
  /// An exchange that needs nothing received is Done here, when all is sent.
  virtual Step all_sent() { return Step::More; }
  virtual Step received(Bytes bytes) = 0;
  /// Bytes came between two exchanges; false if nobody asked for them.
  virtual bool received_idle(Bytes) { return false; }
  /// The peer closed its half cleanly.
  virtual Step end_received() = 0;
  /// After Failed, what was wrong; after Done, set if the answer was complete but not a good one.
  const std::optional<Failure>& failure() const { return failure_; }
  /// After Done: whether the connection can carry another.
  virtual bool reusable() const { return true; }

 protected:
  Step fail(FailureKind kind, std::string text) {
    failure_ = Failure{kind, std::move(text)};
    return Step::Failed;
  }
  std::optional<Failure> failure_;
};

std::unique_ptr<Exchange> make_exchange(const Options& options, const Host& host);

}  // namespace sallyport::bench
