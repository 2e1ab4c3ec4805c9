// The immutable, compiled form of a whole configuration, which workers use.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/shared_map.h"
#include "dataplane/base/weak_cache.h"
#include "dataplane/model/config.h"
#include "dataplane/route/dependents.h"
#include "dataplane/route/path_table.h"
#include "dataplane/route/route_treatment.h"
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
  std::string client_error_page;  // where clients without a good one are sent; empty: nowhere
  bool redirect_http = false;     // http listeners send its requests to https
  std::shared_ptr<const PathPattern> pattern;       // of a Regex; else null
  std::unique_ptr<const RouteTreatment> treatment;  // null: requests are passed on as they are
  std::shared_ptr<const Service> service;           // null where the treatment answers by itself
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
  std::string client_error_page;             // where clients without a good one are sent
  bool mixed_guards = false;                 // a route lets others in than the site
  KernelTlsUse kernel_tls = KernelTlsUse::None;  // of clients' connections, if it can
  bool redirect_http = false;
  uint16_t redirect_code = 308;
  bool preserve_trailing_slash = true;       // of paths that are redirected to https
  uint16_t https_port = 443;                 // where it redirects to
  uint16_t respond = 0;                      // everything is answered with it; 0: it is not
  std::string hsts;                          // Strict-Transport-Security under TLS; empty: none
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

using ServiceMap = SharedMap<std::shared_ptr<const Service>>;  // by name
using SecretMap = SharedMap<std::shared_ptr<const SecretData>>;

/// Never changed once built; freed by the control thread when no worker uses it any more. Two
/// snapshots of which one was built after the other share what is the same in both.
struct Snapshot {
  Config config;
  std::vector<std::shared_ptr<const Site>> sites;               // as config.sites
  std::vector<std::shared_ptr<const ListenerRules>> listeners;  // as config.listeners
  ServiceMap services;
};

/// What a snapshot is built from beside the configuration.
struct Materials {
  SecretMap secrets;                                      // by the names in Config::secrets
  std::map<std::string, std::vector<Address>> addresses;  // by endpoint host; port 0; names only

  void put(const std::string& secret, SecretData data) {
    secrets.put(secret, std::make_shared<const SecretData>(std::move(data)));
  }
};

/// One of which it is known that the key is the certificate's and the names cover the site's, but
/// not yet that OpenSSL finds the same.
struct UncheckedCertificate {
  std::shared_ptr<const Certificate> certificate;
  std::string secret;
  Place place;  // of the first site that has it
  std::string path;
};

/// Builds snapshots, each as a change of the last: sites, services and secrets that are the same
/// object as then, or equal to it, cost a look at a pointer; what depends on something that is
/// another now is made anew. The result is what building from nothing makes. Contexts with equal
/// policies, certificates with equal contents and services with equal endpoints are shared even so,
/// so that ticket keys, TLS sessions and round robins go on where nothing changed.
/// Thread: the control thread's.
class SnapshotBuilder {
 public:
  /// Whether certificates are checked through and through before a snapshot has them, or, of many,
  /// by whoever takes them.
  enum class Checks : uint8_t { AtOnce, Soon };
  explicit SnapshotBuilder(size_t workers, Checks checks = Checks::AtOnce)
      : workers_(workers), checks_(checks) {}

  /// A snapshot, or null and everything that is wrong with the key material; never half of one. A
  /// secret that is not among the materials makes it null without a problem of its own: whoever
  /// failed to read it has told.
  std::shared_ptr<const Snapshot> build(const Config& config, const Materials& materials,
                                        Problems& problems);

  /// Those that nobody has checked: none with Checks::AtOnce.
  std::vector<UncheckedCertificate> take_unchecked();

  /// The staples of all certificates that some snapshot still has.
  std::vector<std::shared_ptr<Stapling>> staplings();

  /// Where the keys of session tickets come from. Any thread may ask it.
  TicketRing& ticket_ring() const { return *ticket_ring_; }

  /// How much there was to do, since the beginning.
  struct Work {
    uint64_t sites = 0;         // made
    uint64_t services = 0;
    uint64_t contexts = 0;
    uint64_t certificates = 0;  // parsed
  };
  const Work& work() const { return work_; }

 private:
  struct Build;  // one run
  struct Run;

  size_t workers_;
  Checks checks_;
  std::vector<UncheckedCertificate> unchecked_;
  std::vector<std::weak_ptr<Stapling>> staplings_;
  bool kernel_tls_pays_ = accelerates_aes() && why_no_kernel_tls().empty();
  std::shared_ptr<TicketRing> ticket_ring_ = std::make_shared<TicketRing>();
  WeakCache<Certificate> certificates_;  // by content
  WeakCache<ClientTrust> trusts_;        // by content
  WeakCache<ClientDemand> demands_;      // by content
  WeakCache<ServerContext> contexts_;    // by policy
  WeakCache<BackendContext> backends_;   // by policy and content
  WeakCache<PerWorker<RouteMetrics>> route_metrics_;
  Work work_;

  // Of the last that was built:
  std::shared_ptr<const Snapshot> last_;
  Materials materials_;
  Dependents dependents_;  // its config's sites and services, and what they were made from
};

}  // namespace sallyport
