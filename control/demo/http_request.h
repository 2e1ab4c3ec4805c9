// The head of an HTTP/1.1 request, as far as the demo's backends care.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

struct HttpRequest {
  std::string line;    // "GET / HTTP/1.1"
  std::string method;
  std::string host;    // the Host header's value; empty: none was sent
  bool keep_alive = false;
  bool has_body = false;
};

/// Where the head that `text` begins with ends (after its empty line); npos: not yet.
size_t request_head_end(std::string_view text);

/// No value: not HTTP/1.0 or 1.1. REQUIRES: `head` is a whole head.
std::optional<HttpRequest> parse_request(std::string_view head);

}  // namespace sallyport
