#include "control/admin/http_server.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/log.h"

namespace sallyport {

HttpServer::HttpServer(Loop& loop, int descriptor, Pages pages)
    : loop_(loop), pages_(pages), listener_(loop, descriptor, *this) {}

void HttpServer::on_accept(int descriptor, const Address&) {
  if (!make_room()) {
    ::close(descriptor);
    return;
  }
  HttpConnectionOwner& owner = *this;
  connections_.push_back(std::make_unique<HttpConnection>(loop_, descriptor, pages_, owner));
  // Its request may have come with the connection.
  loop_.post(*connections_.back());
}

void HttpServer::on_accept_backoff(int error) {
  log_warning("the metrics and admin addresses pause accepting", {{"error", strerror(error)}});
}

bool HttpServer::make_room() {
  if (connections_.size() < kConnectionsMost) return true;
  auto idle = std::find_if(connections_.begin(), connections_.end(),
                           [](const auto& connection) { return connection->idle(); });
  if (idle == connections_.end()) return false;
  (*idle)->close();
  return true;
}

void HttpServer::done(HttpConnection& connection) {
  auto at = std::find_if(connections_.begin(), connections_.end(),
                         [&](const auto& other) { return other.get() == &connection; });
  CHECK(at != connections_.end());
  loop_.bury(std::move(*at));
  connections_.erase(at);
}

}  // namespace sallyport
