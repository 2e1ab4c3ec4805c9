// The Date of a response (RFC 9110 section 5.6.7), written once a second.
#pragma once

#include <array>
#include <string_view>

#include "dataplane/base/clock.h"

namespace sallyport {

/// Thread: one at a time.
class HttpDate {
 public:
  /// "Sun, 06 Nov 1994 08:49:37 GMT"; valid until the next call.
  std::string_view text(WallTime now);

 private:
  std::array<char, 29> text_{};
  std::chrono::sys_seconds second_{Seconds(-1)};
};

}  // namespace sallyport
