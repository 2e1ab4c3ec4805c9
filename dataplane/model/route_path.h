// Paths of routes as they are written in a configuration. What no request can have once its path
// has been made normal (wire/uri_path.h) is refused, with what to write instead.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"

namespace sallyport {

/// `text` as routes are matched: a Prefix covers whole segments, so that "/shop/" is "/shop". Or
/// why it can never match, or why a Regex is none. Of `http` it is asked what requests are made of.
Result<std::string> parse_route_path(std::string_view text, PathType type, const HttpConfig& http);

}  // namespace sallyport
