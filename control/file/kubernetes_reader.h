// The `kubernetes` section of the configuration file.
#pragma once

#include "control/file/yaml_mapping.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Of the whole document.
Written<DraftKubernetes> read_kubernetes(YamlMapping& document, Problems& problems);

}  // namespace sallyport
