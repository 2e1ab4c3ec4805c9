// When a responder is asked again. Times are seconds since 1970, UTC.
#pragma once

#include <cstdint>

#include "dataplane/tls/ocsp.h"

namespace sallyport {

/// After a good answer: at half of its life, so that the other half is left for a responder to come
/// back; a part of that later or earlier, by `chance` (0 to 1), lest all proxies that began
/// together ask together. An answer that is older than that already, as those of caches may be, is
/// replaced when half of what is left of it is over.
int64_t refresh_at(const Staple& staple, int64_t now, double chance);

/// After the `failures`-th failure in a row, from 1 on: 10 s, then longer and longer, up to an
/// hour.
int64_t retry_at(int failures, int64_t now, double chance);

}  // namespace sallyport
