// The part of validation that concerns the process as a whole.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Fills everything of `config` but listeners, sites, services and secrets.
void validate_settings(const Draft& draft, Config& config, Problems& problems);

}  // namespace sallyport
