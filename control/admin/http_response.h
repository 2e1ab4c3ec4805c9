// What the HTTP addresses answer.
#pragma once

#include <string>
#include <string_view>

namespace sallyport {

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// {"error": message}
HttpResponse http_error(int status, std::string_view message);

/// Head and body, or the head alone (of a HEAD request, or of what would follow it).
std::string http_text(const HttpResponse& response, bool keep_alive, bool with_body);

}  // namespace sallyport
