// A configuration of which some cannot be built, without that.
#pragma once

#include <optional>

#include "dataplane/model/config.h"

namespace sallyport::kube {

/// `config` without the sites and services that `problems` are about, and without the sites that
/// use one of those services. The first `file_sites` and `file_services` are of the file, and not
/// touched. None: a problem is about something else.
///
/// The translation looks at what it takes from objects, so that this should never be needed; but an
/// object that is wrong harms nobody else, even where two judges of it differ.
std::optional<Config> without_what_is_wrong(const Config& config, const Problems& problems,
                                            size_t file_sites, size_t file_services);

}  // namespace sallyport::kube
