// The head of an HTTP/1 request, as strictly as RFC 9112 allows: what two readers might read
// differently is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

/// Views into the bytes that it was read from.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // as sent, not decoded; begins with '/'
  std::string_view query;  // after the '?', which may be missing
  std::string_view host;   // of the target if it is absolute, else of the Host field; no port
  bool keep_alive = false;
  bool has_body = false;   // which is not read
};

struct HttpParse {
  enum class Kind : uint8_t { NeedMore, Request, Refused };
  Kind kind = Kind::NeedMore;
  HttpRequest request;       // of a Request
  size_t size = 0;           // bytes of its head
  int status = 0;            // of a Refused
  const char* message = "";
};

constexpr size_t kHttpHeadMost = 8 * 1024;

/// Reads the first request of `received`; what follows it is left alone. Refuses as soon as
/// something is wrong, not only when the head is whole.
HttpParse parse_http_request(std::string_view received);

}  // namespace sallyport
