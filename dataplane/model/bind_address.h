// Where to listen, as a configuration writes it.
#pragma once

#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"

namespace sallyport {

struct BindAddress {
  Address address;
  bool any = false;  // ":443": IPv6 and IPv4; `address` is then "::" with the port
};

/// "10.0.0.1:443", "[2001:db8::1]:443", or ":443". Names and port 0 are errors: the one may mean
/// several addresses, and of the other nobody would know what it became.
Result<BindAddress> parse_bind_address(std::string_view text);

/// Whether the kernel could not tell connections to the one from those to the other. A specific
/// address beside a wildcard is fine: it gets its own connections, and the wildcard the rest.
bool collide(const BindAddress& a, const BindAddress& b);

}  // namespace sallyport
