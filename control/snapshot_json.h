// The answers of /api/v1/sites and /api/v1/services.
#pragma once

#include <string>

#include "control/admin/api_query.h"
#include "dataplane/observe/route_metrics.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

/// {"total": N, "sites": […]}, in the configuration's order: what becomes of each host's traffic.
/// The name of a query is a host as configured. Any thread.
std::string sites_json(const Snapshot& snapshot, const ApiQuery& query);

/// {"total": N, "services": […]}: the endpoints of each, the addresses that they have now, and what
/// the service has carried. The name of a query is a service's. Any thread.
std::string services_json(const Snapshot& snapshot, const std::vector<ServiceSample>& traffic,
                          const ApiQuery& query);

}  // namespace sallyport
