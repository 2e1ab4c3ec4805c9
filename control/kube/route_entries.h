// From the paths of a host's Ingresses to entries, of which each becomes a route.
#pragma once

#include <vector>

#include "control/kube/host_routes.h"

namespace sallyport::kube {

/// The oldest Ingress has a path if several do. What cannot be served is answered 503, and every
/// reason is reported.
std::vector<RouteEntry> route_entries(const HostContext& context);

}  // namespace sallyport::kube
