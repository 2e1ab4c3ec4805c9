// An IP address as text, without a heap: addresses are written for each request.
#pragma once

#include <array>
#include <string_view>

#include "dataplane/base/address.h"

namespace sallyport {

class IpText {
 public:
  /// Empty of an address that is not valid().
  explicit IpText(const Address& address);
  /// "10.0.0.1", "2001:db8::1". Valid as long as this is.
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 46> text_;  // INET6_ADDRSTRLEN
  size_t size_ = 0;
};

}  // namespace sallyport
