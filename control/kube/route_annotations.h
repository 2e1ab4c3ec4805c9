// What the annotations of an Ingress make of its routes, but for where requests go.
#pragma once

#include "control/kube/host_context.h"
#include "control/kube/host_routes.h"

namespace sallyport::kube {

/// REQUIRES: the entry has its path and its Ingress. Afterwards it redirects, or answers, or needs
/// a backend.
void apply_annotations(const HostContext& context, RouteEntry& entry);

/// The route without what concerns backends only: for one that is answered here.
RouteConfig bare_answer(const RouteConfig& route);

}  // namespace sallyport::kube
