// One HTTP address: accepts, and owns the connections.
#pragma once

#include <memory>
#include <vector>

#include "control/admin/http_connection.h"
#include "control/admin/pages.h"
#include "dataplane/io/listener.h"
#include "dataplane/io/loop.h"

namespace sallyport {

/// Thread: the loop's; made and destroyed while the loop does not run.
class HttpServer final : private Acceptor, private HttpConnectionOwner {
 public:
  /// Beyond it a new connection takes the place of one between two requests, or is closed.
  static constexpr size_t kConnectionsMost = 64;

  /// Takes over the listening `descriptor`. REQUIRES: `loop` outlives this, and what `pages` needs.
  HttpServer(Loop& loop, int descriptor, Pages pages);

 private:
  void on_accept(int descriptor, const Address& peer) override;
  void on_accept_backoff(int error) override;
  void done(HttpConnection& connection) override;
  bool make_room();

  Loop& loop_;
  Pages pages_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;  // the oldest first
  Listener listener_;  // last: its end still accepts what is queued
};

}  // namespace sallyport
