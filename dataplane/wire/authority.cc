#include "dataplane/wire/authority.h"

#include "dataplane/base/address.h"
#include "dataplane/wire/http_char.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {
namespace {

constexpr size_t kMostHost = 255;

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > kMostHost || text.front() == '.') return false;
  char before = 0;
  for (char c : text) {
    if (!is_char(kNameChar, c) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return true;
}

bool parse_port(std::string_view text, uint16_t& out) {
  if (text.empty() || text.size() > 5 || text.front() == '0' || !all_chars(kDigit, text)) {
    return false;
  }
  uint32_t port = 0;
  for (char c : text) port = port * 10 + static_cast<uint32_t>(c - '0');
  out = static_cast<uint16_t>(port);
  return port <= 0xffff;
}

std::string_view without_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace

bool parse_authority(std::string_view text, Authority& out) {
  bool bracket = text.starts_with('[');
  size_t colon = text.find(':', bracket ? text.find(']') : 0);
  out.host = text.substr(0, colon);
  out.port = 0;
  bool good = bracket ? out.host.ends_with(']') && Address::parse_ip(out.host).has_value()
                      : is_host_name(out.host);
  return good && (colon == std::string_view::npos || parse_port(text.substr(colon + 1), out.port));
}

bool same_authority(const Authority& a, const Authority& b, uint16_t default_port) {
  auto port = [&](const Authority& of) { return of.port == 0 ? default_port : of.port; };
  return port(a) == port(b) && same_name(without_dot(a.host), without_dot(b.host));
}

}  // namespace sallyport
