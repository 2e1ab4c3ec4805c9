// The rules of a service's health checks.
#pragma once

#include <optional>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Nothing after a complaint about something that the rest depends on.
/// REQUIRES: service.health is there.
std::optional<HealthConfig> check_health(const DraftService& service, Problems& problems);

}  // namespace sallyport
