// The routes of a host: paths of all its Ingresses, with what their annotations ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/kube/host_client_auth.h"
#include "control/kube/host_context.h"

namespace sallyport::kube {

/// Which listeners a site is on: of services with backend-protocol AUTO_HTTP it makes a difference.
enum class Leg : uint8_t { Both, Http, Https };

/// One path. REQUIRES: the Ingress outlives it.
struct RouteEntry {
  RouteConfig route;  // all but its service
  const IngressRecord* record = nullptr;
  std::string where;                       // "spec.rules[0].http.paths[1]"
  std::optional<ServiceKey> plain, secure; // neither: it is answered here
  bool may_redirect = true;                // to https
};

class HostRoutes {
 public:
  /// Reports what there is to say of the paths.
  explicit HostRoutes(const HostContext& context);

  /// Whether a service is spoken to as the client speaks.
  bool by_scheme() const;
  /// Whether all plain requests are sent to https, but for those of paths that are not to be.
  bool all_redirect(bool tls) const;
  /// The service that gets the bytes of connections that pass through; empty: there is none.
  std::string root_service();
  /// Adds the routes to `site`, and the services that they name to the result. `tls`: HTTPS is
  /// where HTTP is redirected to; `http`: the site is on http listeners.
  void fill(SiteConfig& site, Leg leg, bool tls, bool http, const ClientAuthChoice& client_auth);

 private:
  const HostContext& context_;
  std::vector<RouteEntry> entries_;
};

}  // namespace sallyport::kube
