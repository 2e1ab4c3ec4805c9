// The `kubernetes` section of a Draft.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// The Draft itself, or `completed`: an ingress controller serves at :80 and :443 when nobody says
/// otherwise.
const Draft& with_default_listeners(const Draft& draft, Draft& completed);

/// Fills in Config::kubernetes, if the Draft has the section.
void validate_kubernetes(const Draft& draft, Config& config, Problems& problems);

}  // namespace sallyport
