#include "dataplane/base/ip_text.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace sallyport {

IpText::IpText(const Address& address) {
  if (!address.valid()) return;
  if (!address.is_v4()) {
    const auto room = static_cast<socklen_t>(text_.size());
    inet_ntop(address.family(), address.ip_bytes(), text_.data(), room);
    size_ = std::strlen(text_.data());
    return;
  }
  // The C library would use sprintf, which costs as much as all the rest of a log's line, and was a
  // tenth of what a request took outside the kernel.
  char* at = text_.data();
  for (size_t i = 0; i < 4; ++i) {
    if (i) *at++ = '.';
    at = std::to_chars(at, text_.data() + text_.size(), unsigned{address.ip_bytes()[i]}).ptr;
  }
  size_ = static_cast<size_t>(at - text_.data());
}

}  // namespace sallyport
