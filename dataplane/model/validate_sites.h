// The part of validation that concerns sites, and which listeners serve which of them.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/secret_book.h"
#include "dataplane/model/service_book.h"

namespace sallyport {

/// Makes config.sites, and settles what each listener does with unknown names.
/// REQUIRES: config.listeners are there, each with the index of its draft.
void validate_sites(const Draft& draft, SecretBook& secrets, ServiceBook& services, Config& config,
                    Problems& problems);

}  // namespace sallyport
