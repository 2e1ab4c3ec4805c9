// The authority of a request (RFC 9110 section 7.2, RFC 3986 section 3.2): a host and maybe a port.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport {

struct Authority {
  std::string_view host;  // as sent; brackets of IPv6 kept
  uint16_t port = 0;      // 0: none was given
};

/// "name", "name:port", "[::1]:port". Stricter than the grammar, for everybody routes by it: names
/// have letters, digits, '-', '.' and '_', no empty labels but behind a trailing dot, and at most
/// 255 characters; IPv6 literals are such; a port is 1 to 65535 without zeros in front. No
/// userinfo, no escapes, no empty host.
bool parse_authority(std::string_view text, Authority& out);

/// Whether both name one place: without regard to case and a trailing dot, and with `default_port`
/// where none was given.
bool same_authority(const Authority& a, const Authority& b, uint16_t default_port);

}  // namespace sallyport
