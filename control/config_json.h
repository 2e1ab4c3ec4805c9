// The configuration in use, for people and programs to read.
#pragma once

#include <string>

#include "dataplane/model/config.h"

namespace sallyport {

/// `config` as indented JSON under the keys of the configuration file, with every default spelled
/// out: written to a file, it is a configuration that means the same. It has the paths of secrets
/// but nothing that is in them.
std::string to_json(const Config& config);

}  // namespace sallyport
