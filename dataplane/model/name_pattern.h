// Regular expressions about names in certificates (RE2's syntax, which takes linear time).
#pragma once

#include <string>

#include "dataplane/base/result.h"

namespace sallyport {

/// Why `pattern` is no regular expression that could be used, or the same text.
Result<std::string> parse_name_pattern(const std::string& pattern);

/// REQUIRES: the pattern came from parse_name_pattern(). Case counts.
bool matches_whole(const std::string& pattern, const std::string& text);
bool matches_somewhere(const std::string& pattern, const std::string& text);

}  // namespace sallyport
