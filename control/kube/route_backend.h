// What a path's backend is: a service of the model, and how it is spoken to.
#pragma once

#include <optional>
#include <string>

#include "control/kube/host_context.h"
#include "control/kube/host_routes.h"

namespace sallyport::kube {

/// Sets the entry's services, or has it answered 503 after a report.
void choose_backend(const HostContext& context, const IngressBackend& backend, RouteEntry& entry);

}  // namespace sallyport::kube
