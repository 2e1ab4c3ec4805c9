#include "control/admin/http_response.h"

#include <time.h>

#include "dataplane/base/json_object.h"

namespace sallyport {

namespace {

const char* phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

// RFC 9110 section 5.6.7.
std::string date() {
  time_t now = ::time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return {text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace

HttpResponse http_error(int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  JsonObject error(response.body);
  error.text("error", message);
  error.end();
  response.body += '\n';
  return response;
}

std::string http_text(const HttpResponse& response, bool keep_alive, bool with_body) {
  std::string text = "HTTP/1.1 ";
  auto add = [&](std::string_view field, std::string_view value) {
    text += field;
    text += value;
    text += "\r\n";
  };
  add(std::to_string(response.status) + " ", phrase(response.status));
  add("Date: ", date());
  add("Content-Type: ", response.content_type);
  add("Content-Length: ", std::to_string(response.body.size()));
  add("Cache-Control: ", "no-store");
  add("X-Content-Type-Options: ", "nosniff");
  // No page here loads or runs anything, nor belongs into another site's frame.
  add("Content-Security-Policy: ", "default-src 'none'; frame-ancestors 'none'");
  if (response.status == 405) add("Allow: ", "GET, HEAD");
  if (!keep_alive) add("Connection: ", "close");
  text += "\r\n";
  if (with_body) text += response.body;
  return text;
}

}  // namespace sallyport
