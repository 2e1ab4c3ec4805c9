// The path that a backend is asked for, where a route asks for another than came.
#pragma once

#include <string_view>

#include "dataplane/base/block.h"
#include "dataplane/route/snapshot.h"
#include "dataplane/wire/uri_path.h"

namespace sallyport {

enum class RewriteStatus : uint8_t { Ok, TooLong, NoPath };
const char* text(RewriteStatus status);  // for logs

/// Writes to `out` what `route` makes of `path`, and of `query`, which has its '?' or is empty; and
/// shows it. Several slashes become one. What captured text makes of a path must not lead a backend
/// out of the folder that the route has chosen: "/a(.*)" of "/a../b" has no path for "/x/$1".
/// REQUIRES: route.treatment->rewrites; `path` is normal and the route's; `out` is empty.
RewriteStatus rewrite_path(const Route& route, std::string_view path, std::string_view query,
                           Block& out, std::string_view& shown);

}  // namespace sallyport
