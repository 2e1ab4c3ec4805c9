// From a document's tree to a Draft: which keys there are, and of what kind each value is.
#pragma once

#include <string>

#include "control/file/yaml_document.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Complains about unknown keys and values of the wrong kind, and about what a later version may
/// have but this one does not. Nothing that is written is passed over in silence.
Draft read_draft(const YamlNode& root, const std::string& file, Problems& problems);

}  // namespace sallyport
