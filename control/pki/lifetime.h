// How long a certificate lives, as it is written on a command line: "90d", "10y", "12h".
#pragma once

#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// What the configuration takes for a duration (30s, 10m, 24h), and days and years of 365 days.
/// Whole seconds, from one second to a hundred years.
Result<Seconds> parse_lifetime(std::string_view text);

}  // namespace sallyport
