// The part of validation that concerns listeners, but for what sites make of them.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/service_book.h"

namespace sallyport {

/// Makes config.listeners, of which each has the index of its draft.
/// REQUIRES: config.metrics and config.admin are there, for an address has one user.
void validate_listeners(const Draft& draft, ServiceBook& services, Config& config,
                        Problems& problems);

}  // namespace sallyport
