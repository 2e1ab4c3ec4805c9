// The answer of /api/v1/connections.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dataplane/observe/connection_info.h"

namespace sallyport {

/// {"total": N, "connections": [...]}: `total` counts the ones that exist, of which `connections`
/// may be but some. What is not known of a connection is left out, as in the access log.
std::string connections_json(const std::vector<ConnectionInfo>& connections, size_t total);

}  // namespace sallyport
