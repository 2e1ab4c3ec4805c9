#include "control/admin/http_request.h"

#include <strings.h>

#include <algorithm>

#include "dataplane/base/address.h"

namespace sallyport {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  auto is_tchar = [](char c) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return is_alphanumeric(c) || kOthers.find(c) != kOthers.npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_tchar);
}
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Collects what the lines of one head say. Each function says whether the line was acceptable;
/// if not, `refusal` holds why.
class Head {
 public:
  bool request_line(std::string_view line);
  bool field_line(std::string_view line);
  bool end();
  bool line(std::string_view text) {
    return request_.method.empty() ? request_line(text) : field_line(text);
  }
  bool refuse(int status, const char* message) {
    status_ = status;
    message_ = message;
    return false;
  }

  HttpParse refused() const {
    HttpParse p;
    p.kind = HttpParse::Kind::Refused;
    p.status = status_;
    p.message = message_;
    return p;
  }
  HttpParse request(size_t size) const {
    HttpParse p;
    p.kind = HttpParse::Kind::Request;
    p.request = request_;
    p.size = size;
    return p;
  }

 private:
  bool version(std::string_view text);
  bool target(std::string_view text);
  bool host(std::string_view authority);
  bool host_field(std::string_view value);
  bool content_length(std::string_view value);
  void connection(std::string_view value);

  HttpRequest request_;
  bool one_zero_ = false;
  bool close_ = false;
  bool absolute_ = false;
  bool host_seen_ = false;
  bool length_seen_ = false;
  bool encoding_seen_ = false;
  int status_ = 0;
  const char* message_ = "";
};

bool Head::request_line(std::string_view line) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return refuse(400, "the request line is malformed");
  std::string_view method = line.substr(0, first);
  if (!is_token(method)) return refuse(400, "the method is malformed");
  if (!version(line.substr(last + 1))) return false;
  request_.method = method;
  return target(line.substr(first + 1, last - first - 1));
}

bool Head::version(std::string_view text) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return refuse(400, "the version is malformed");
  }
  if (text[5] != '1') return refuse(505, "this server speaks HTTP/1.1");
  one_zero_ = text[7] == '0';
  return true;
}

bool Head::target(std::string_view text) {
  auto is_visible = [](char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (!std::all_of(text.begin(), text.end(), is_visible)) {
    return refuse(400, "the request target is malformed");
  }
  constexpr std::string_view kScheme = "http://";
  if (same_word(text.substr(0, kScheme.size()), kScheme)) {
    text.remove_prefix(kScheme.size());
    size_t end = std::min(text.find_first_of("/?"), text.size());
    // Its authority replaces what the Host field says (RFC 9112 section 3.2.2).
    absolute_ = true;
    if (end == 0 || !host(text.substr(0, end))) {
      return refuse(400, "the request target is malformed");
    }
    text.remove_prefix(end);
    if (text.empty()) text = "/";
  }
  // Nothing here answers a CONNECT or an OPTIONS, whose targets may look otherwise.
  if (text.empty() || text.front() != '/') {
    bool answerable = request_.method == "GET" || request_.method == "HEAD";
    if (answerable) return refuse(400, "the request target is malformed");
    text = "/";
  }
  size_t mark = std::min(text.find('?'), text.size());
  request_.path = text.substr(0, mark);
  request_.query = text.substr(std::min(mark + 1, text.size()));
  return true;
}

bool Head::host(std::string_view authority) {
  size_t end = 0;
  if (!authority.empty() && authority.front() == '[') {
    end = std::min(authority.find(']'), authority.size() - 1) + 1;
    if (!Address::parse_ip(authority.substr(0, end))) return false;
  } else {
    end = std::min(authority.find(':'), authority.size());
    auto is_name = [](char c) {
      constexpr std::string_view kOthers = "-._~!$&'()*+,;=%";  // RFC 3986 section 3.2.2
      return is_alphanumeric(c) || kOthers.find(c) != kOthers.npos;
    };
    std::string_view name = authority.substr(0, end);
    if (!std::all_of(name.begin(), name.end(), is_name)) return false;
  }
  std::string_view port = authority.substr(end);
  if (!port.empty() && (port[0] != ':' || port.size() > 6 || !all_digits(port.substr(1)))) {
    return false;
  }
  request_.host = authority.substr(0, end);
  return true;
}

bool Head::field_line(std::string_view line) {
  size_t colon = line.find(':');
  // A line that begins with a blank (obs-fold) and a blank before the colon fail here too.
  if (colon == line.npos || !is_token(line.substr(0, colon))) {
    return refuse(400, "a header field is malformed");
  }
  std::string_view name = line.substr(0, colon);
  std::string_view value = trimmed(line.substr(colon + 1));
  if (same_word(name, "host")) return host_field(value);
  if (same_word(name, "content-length")) return content_length(value);
  if (same_word(name, "transfer-encoding")) encoding_seen_ = request_.has_body = true;
  if (same_word(name, "connection")) connection(value);
  return true;
}

bool Head::host_field(std::string_view value) {
  if (host_seen_) return refuse(400, "more than one Host header field");
  host_seen_ = true;
  std::string_view of_target = request_.host;
  if (!host(value)) return refuse(400, "the Host header field is malformed");
  if (absolute_) request_.host = of_target;
  return true;
}

bool Head::content_length(std::string_view value) {
  if (length_seen_ || value.empty() || !all_digits(value)) {
    return refuse(400, "the Content-Length header field is malformed");
  }
  length_seen_ = true;
  request_.has_body |= value.find_first_not_of('0') != value.npos;
  return true;
}

void Head::connection(std::string_view value) {
  while (!value.empty()) {
    size_t comma = std::min(value.find(','), value.size());
    close_ |= same_word(trimmed(value.substr(0, comma)), "close");
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

bool Head::end() {
  if (length_seen_ && encoding_seen_) {
    return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  }
  if (!host_seen_ && !one_zero_) return refuse(400, "the Host header field is missing");
  // An HTTP/1.0 client can have its connection kept only by asking, and none needs to.
  request_.keep_alive = !close_ && !one_zero_;
  return true;
}

enum class Scan : uint8_t { Partial, Line, Bad };

// The next line, which CR LF ends. A lone CR or LF, a NUL or another control character cannot be
// part of a head, and some readers would take them for the end of a line.
Scan next_line(std::string_view& rest, std::string_view& line) {
  for (size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    if (c == '\r') {
      if (i + 1 == rest.size()) return Scan::Partial;
      if (rest[i + 1] != '\n') return Scan::Bad;
      line = rest.substr(0, i);
      rest.remove_prefix(i + 2);
      return Scan::Line;
    }
    if ((c >= 0 && c < ' ' && c != '\t') || c == 0x7f) return Scan::Bad;
  }
  return Scan::Partial;
}

}  // namespace

HttpParse parse_http_request(std::string_view received) {
  Head head;
  std::string_view rest = received;
  // An empty line before the request is to be ignored (RFC 9112 section 2.2); one.
  if (rest.starts_with("\r\n")) rest.remove_prefix(2);
  for (bool first = true;; first = false) {
    std::string_view line;
    switch (next_line(rest, line)) {
      case Scan::Partial:
        if (received.size() < kHttpHeadMost) return {};
        head.refuse(431, "the request's head is longer than 8 KiB");
        return head.refused();
      case Scan::Bad:
        head.refuse(400, "the request's head has a control character in it");
        return head.refused();
      case Scan::Line: break;
    }
    if (line.empty() && !first) break;
    if (!head.line(line)) return head.refused();
  }
  size_t size = received.size() - rest.size();
  if (size > kHttpHeadMost) {
    head.refuse(431, "the request's head is longer than 8 KiB");
    return head.refused();
  }
  return head.end() ? head.request(size) : head.refused();
}

}  // namespace sallyport
