// The immutable, compiled form of a whole configuration, which workers use.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/route/path_table.h"
#include "dataplane/route/site_table.h"
#include "dataplane/service/service.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/kernel_tls.h"
#include "dataplane/tls/server_context.h"

namespace sallyport {

/// A path of a site and where its requests go.
struct Route {
  std::string path;  // as configured
  PathType type = PathType::Prefix;
  bool acme_challenge = false;  // under /.well-known/acme-challenge/: served in the clear too
  ClientDemandPtr client_auth;  // its own, or else the site's; null: no certificate is asked for
  std::shared_ptr<const Service> service;
  std::shared_ptr<const PerWorker<RouteMetrics>> metrics;  // of the route, over all snapshots
};

struct Site {
  std::string name;  // its first host
  Scenario scenario = Scenario::Passthrough;
  /// Null for passthrough, and for sites that are served in the clear only.
  std::shared_ptr<const ServerContext> tls;
  std::string session_context;               // binds TLS sessions to the site and its policy
  std::vector<std::shared_ptr<const Certificate>> certificates;
  std::shared_ptr<const Service> service;    // of the first route: where bytes go

  TlsVersion min_tls = TlsVersion::V1_2;
  ClientDemandPtr client_auth;               // null: the site itself asks for no certificate
  bool asks_clients = false;                 // the handshake does, for the site or a route
  bool mixed_clients = false;                // a route asks for something else than the site
  bool kernel_tls = false;                   // the kernel is to encrypt, if it can
  bool redirect_http = false;
  uint16_t https_port = 443;                 // where it redirects to
  uint64_t body_size = 0;                    // 0: no limit
  std::vector<std::unique_ptr<const Route>> routes;
  PathTable paths;                           // of the routes
};

/// One listener's view of the configuration.
struct ListenerRules {
  ListenerConfig config;
  SiteTable sites;
  std::shared_ptr<const Service> service;  // for tcp; else null
};

/// Never changed once built; freed by the control thread when no worker uses it any more.
struct Snapshot {
  Config config;
  std::vector<std::shared_ptr<const Site>> sites;
  std::vector<std::shared_ptr<const ListenerRules>> listeners;  // as config.listeners
};

/// What a snapshot is built from beside the configuration.
struct Materials {
  std::map<std::string, SecretData> secrets;              // by the names in Config::secrets
  std::map<std::string, std::vector<Address>> addresses;  // by endpoint host; port 0; names only
};

/// Builds snapshots and keeps what one has in common with the last: contexts with equal policies,
/// certificates with equal contents, services with equal endpoints. So a changed secret costs one
/// secret, and ticket keys, TLS sessions and round robins go on where nothing changed.
/// Thread: the control thread's.
class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(size_t workers) : workers_(workers) {}

  /// A snapshot, or null and everything that is wrong with the key material; never half of one. A
  /// secret that is not among the materials makes it null without a problem of its own: whoever
  /// failed to read it has told.
  std::shared_ptr<const Snapshot> build(const Config& config, const Materials& materials,
                                        Problems& problems);

 private:
  struct Build;  // one run

  size_t workers_;
  bool kernel_tls_pays_ = accelerates_aes() && why_no_kernel_tls().empty();
  std::shared_ptr<TicketRing> ticket_ring_ = std::make_shared<TicketRing>();
  std::map<std::string, std::weak_ptr<const Certificate>> certificates_;  // by content
  std::map<std::string, std::weak_ptr<const ClientTrust>> trusts_;        // by content
  std::map<std::string, std::weak_ptr<const ClientDemand>> demands_;      // by content
  std::map<std::string, std::weak_ptr<const ServerContext>> contexts_;    // by policy
  std::map<std::string, std::weak_ptr<const BackendContext>> backends_;   // by policy and content
  std::map<std::string, std::shared_ptr<const Service>> services_;        // by name, of the last
  std::map<std::string, ServiceConfig> service_configs_;
  std::map<std::string, std::weak_ptr<const PerWorker<RouteMetrics>>> route_metrics_;
};

}  // namespace sallyport
