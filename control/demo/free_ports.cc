#include "control/demo/free_ports.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace sallyport {

FreePorts::~FreePorts() {
  for (int descriptor : held_) ::close(descriptor);
}

Result<uint16_t> FreePorts::take(const Address& address) {
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Error{address.text() + ": " + std::strerror(errno)};
  held_.push_back(descriptor);
  // Connections that linger from a demo before this one are no hindrance; a listener still is.
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage bound{};
  auto* raw = reinterpret_cast<sockaddr*>(&bound);
  socklen_t size = sizeof bound;
  if (::bind(descriptor, address.raw(), address.raw_size()) != 0 ||
      ::getsockname(descriptor, raw, &size) != 0) {
    return Error{address.text() + ": " + std::strerror(errno)};
  }
  return Address::from(raw).port();
}

}  // namespace sallyport
