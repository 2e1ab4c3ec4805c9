// `sallyport explain`: what a connection for a name would meet, and why.
#pragma once

#include <string>

namespace sallyport {

/// Prints, per listener, the site, certificate, service and endpoints for `host`, and the reason.
/// Returns 0, or 1 with the file's problems on stderr when it is invalid.
int explain(const std::string& file, const std::string& host);

}  // namespace sallyport
