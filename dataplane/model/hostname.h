// Names of hosts as they are written in a configuration. Each has one canonical form, so that
// everybody after this file compares bytes.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace sallyport {

/// `host` in lower case and without the one trailing dot that it may have. Checks nothing.
std::string normal_host(std::string_view host);

/// What a site may be called: a DNS name, a wildcard for its whole first label ("*.example.com"),
/// or "*". The result is normal. An IP literal is an error: RFC 6066 section 3 keeps them out of
/// SNI, so that no client could ask for it. A name in another script is an error that asks for its
/// A-labels (RFC 5890), which is what clients send.
Result<std::string> parse_site_host(std::string_view text);

/// A DNS name without wildcards, normal: what a backend's certificate is checked against.
Result<std::string> parse_dns_name(std::string_view text);

/// "*.example.com", but not "*". REQUIRES: `host` came from parse_site_host().
inline bool is_wildcard(std::string_view host) { return host.starts_with("*."); }

}  // namespace sallyport
