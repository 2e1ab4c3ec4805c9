// From YAML to JSON, for what is written in both: objects of a cluster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport {

/// One document of a file.
struct JsonDocument {
  std::string json;
  int line = 1;
};

/// Each document in `text` that is not empty. Plain scalars that look like null, true, false or a
/// number are one, as kubectl reads them; what is in quotes is text. Anchors and aliases are
/// resolved, up to a million values, because charts use them. An error says line and column.
Result<std::vector<JsonDocument>> yaml_to_json(std::string_view text);

}  // namespace sallyport
