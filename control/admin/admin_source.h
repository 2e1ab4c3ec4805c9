// What the pages of the HTTP addresses say.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "control/admin/api_query.h"

namespace sallyport {

/// Each function is called on the thread of the AdminServer and must be thread-safe. None may
/// wait for that thread.
struct AdminSource {
  std::function<bool()> ready;                                // /readyz: 200 or 503
  std::function<std::string()> metrics;                       // Prometheus' text format
  std::function<std::string()> config_json;                   // /api/v1/config
  std::function<std::string(size_t most)> connections_json;   // /api/v1/connections?limit=
  // Of those in use: /api/v1/sites?limit=&name= and its like.
  std::function<std::string(const ApiQuery&)> sites_json, services_json, certificates_json;
};

}  // namespace sallyport
