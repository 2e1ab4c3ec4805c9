#include "dataplane/model/bind_address.h"

#include <algorithm>
#include <string>

namespace sallyport {
namespace {

bool unspecified(const Address& address) {
  const uint8_t* bytes = address.ip_bytes();
  return std::all_of(bytes, bytes + address.ip_size(), [](uint8_t b) { return b == 0; });
}

}  // namespace

Result<BindAddress> parse_bind_address(std::string_view text) {
  BindAddress bind;
  bind.any = text.starts_with(':');
  auto address = Address::parse((bind.any ? "[::]" : "") + std::string(text));
  if (!address || address->port() == 0) {
    return Error{"\"" + std::string(text) +
                 "\" is not an address to listen on: write an IP address and a port"};
  }
  bind.address = *address;
  return bind;
}

bool collide(const BindAddress& a, const BindAddress& b) {
  if (a.address.port() != b.address.port()) return false;
  if (a.address.same_ip(b.address)) return true;
  return (a.any && unspecified(b.address)) || (b.any && unspecified(a.address));
}

}  // namespace sallyport
