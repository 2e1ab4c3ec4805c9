// What was known of a cluster, on disk: to start from while its API server is away.
#pragma once

#include <string>
#include <string_view>

#include "control/kube/object_store.h"
#include "dataplane/base/result.h"

namespace sallyport::kube {

/// Objects on lines of their own after a line that says what this is.
std::string cache_text(const ObjectStore& store, bool keys);
/// What cannot be read is left out, and counted in `lost`; a text that is no cache is an error.
Result<ObjectChanges> parse_cache(std::string_view text, size_t& lost);

/// The file appears whole or not at all, for its owner alone.
Result<void> write_cache(const std::string& path, const ObjectStore& store, bool keys);
Result<ObjectChanges> read_cache(const std::string& path, size_t& lost);

}  // namespace sallyport::kube
