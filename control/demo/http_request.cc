#include "control/demo/http_request.h"

#include <strings.h>

namespace sallyport {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find(kLineEnd);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kLineEnd.size());
  return line;
}

void apply_header(HttpRequest& request, std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (same_word(name, "host")) request.host = value;
  if (same_word(name, "connection") && same_word(value, "close")) request.keep_alive = false;
  if (same_word(name, "connection") && same_word(value, "keep-alive")) request.keep_alive = true;
  if (same_word(name, "content-length") && value != "0") request.has_body = true;
  if (same_word(name, "transfer-encoding")) request.has_body = true;
}

}  // namespace

size_t request_head_end(std::string_view text) {
  const size_t end = text.find(kHeadEnd);
  return end == std::string_view::npos ? end : end + kHeadEnd.size();
}

std::optional<HttpRequest> parse_request(std::string_view head) {
  const std::string_view line = take_line(head);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last <= first + 1) return std::nullopt;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;
  HttpRequest request;
  request.line = line;
  request.method = line.substr(0, first);
  request.keep_alive = version == "HTTP/1.1";
  while (!head.empty()) apply_header(request, take_line(head));
  return request;
}

}  // namespace sallyport
