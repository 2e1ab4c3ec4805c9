// The configuration file: from YAML to a Config.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/model/validate.h"

namespace sallyport {

/// Either a Config or every problem, each with its line and column in `text`. `file_name` is what
/// the problems call the file, and its folder is where relative paths begin. Pure: no file is read.
ReadResult read_config(std::string_view text, const std::string& file_name);

/// The same for the file at `path`. That it cannot be read is a Problem, too.
ReadResult read_config_file(const std::string& path);

}  // namespace sallyport
