// The two HTTP addresses, served by a thread of their own.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "control/admin/admin_source.h"
#include "control/admin/http_server.h"
#include "control/admin/unix_socket.h"
#include "dataplane/base/address.h"
#include "dataplane/base/result.h"
#include "dataplane/io/loop.h"
#include "dataplane/model/config.h"

namespace sallyport {

class AdminServer {
 public:
  /// Listens on both addresses, where they are enabled, and serves until destroyed. REQUIRES:
  /// what `source` calls outlives this.
  static Result<std::unique_ptr<AdminServer>> start(const HttpAddress& metrics,
                                                    const HttpAddress& admin, AdminSource source);
  /// Stops the thread and closes everything, answers half sent included.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// With the port that a port 0 became; not valid() for a Unix socket or a disabled address.
  Address metrics_address() const { return metrics_.address; }
  Address admin_address() const { return admin_.address; }

 private:
  struct Place {
    Address address;
    std::optional<UnixSocket> file;
    std::unique_ptr<HttpServer> server;
  };

  explicit AdminServer(AdminSource source) : source_(std::move(source)) {}
  Result<void> open(Place& place, const HttpAddress& where, Pages::Kind kind);

  AdminSource source_;
  Loop loop_;
  Place metrics_, admin_;
  std::thread thread_;
};

}  // namespace sallyport
