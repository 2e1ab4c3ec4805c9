#include "control/admin/admin_server.h"

#include <utility>

#include "dataplane/base/thread.h"
#include "dataplane/io/listener.h"

namespace sallyport {

Result<std::unique_ptr<AdminServer>> AdminServer::start(const HttpAddress& metrics,
                                                        const HttpAddress& admin,
                                                        AdminSource source) {
  std::unique_ptr<AdminServer> server(new AdminServer(std::move(source)));
  Result<void> opened = server->open(server->metrics_, metrics, Pages::Kind::Metrics);
  if (opened) opened = server->open(server->admin_, admin, Pages::Kind::Admin);
  if (!opened) return opened.error();
  server->thread_ = start_thread("control", [loop = &server->loop_] { loop->run(); });
  return server;
}

Result<void> AdminServer::open(Place& place, const HttpAddress& where, Pages::Kind kind) {
  if (!where.enabled()) return {};
  int descriptor = -1;
  if (where.address.valid()) {
    Result<int> listening = listen_on(where.address, where.any, PortSharing::Exclusive);
    if (!listening) return listening.error();
    descriptor = *listening;
    place.address = bound_address(descriptor);
  } else {
    Result<UnixSocket> file = UnixSocket::listen(where.unix_path);
    if (!file) return file.error();
    place.file.emplace(std::move(*file));
    descriptor = place.file->release();
  }
  place.server = std::make_unique<HttpServer>(loop_, descriptor, Pages(kind, source_));
  return {};
}

AdminServer::~AdminServer() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace sallyport
