// `sallyport explain`: what a request meets, and why.
#pragma once

#include <string>

#include "dataplane/route/snapshot.h"

namespace sallyport {

/// Which site, certificate, route, service and endpoints a request for `path` of `host` meets on
/// each listener, and why, for people. REQUIRES: `path` begins with '/'.
std::string explanation(const Snapshot& snapshot, const std::string& host, const std::string& path);

/// Prints it for the configuration in `file` and its secrets. Exit status: 0, 1 if the
/// configuration is not valid, 2 if `path` is none.
int explain(const std::string& file, const std::string& host, const std::string& path);

}  // namespace sallyport
