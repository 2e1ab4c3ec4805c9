// When what a configuration uses expires.
#pragma once

#include "dataplane/observe/metrics.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

/// Of the certificates that sites show, those that backends are shown, and revocation lists. Costs
/// a look at each site. Any thread.
ExpiryMetrics expiries(const Snapshot& snapshot);

}  // namespace sallyport
