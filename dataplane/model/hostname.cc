#include "dataplane/model/hostname.h"

#include <algorithm>

#include "dataplane/base/address.h"

namespace sallyport {
namespace {

// RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters without the trailing dot.
constexpr size_t kMostCharacters = 253;
constexpr size_t kMostOfLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Underscores are no host name's (RFC 952), but they are in names that resolvers and browsers use.
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

Error wrong(std::string_view text, const char* what) {
  return Error{"\"" + std::string(text) + "\" " + what};
}

// What is wrong with the label, or null.
const char* label_fault(std::string_view label) {
  if (label.empty()) return "has an empty label: write one dot between two labels";
  if (label.size() > kMostOfLabel) return "has a label of more than 63 characters";
  if (label.find('*') != std::string_view::npos) {
    return "has a * inside: it can only be the whole first label, as in *.example.com";
  }
  if (std::any_of(label.begin(), label.end(), [](char c) { return (c & 0x80) != 0; })) {
    return "is not ASCII: write its A-labels (xn--…), which is what clients send";
  }
  if (!std::all_of(label.begin(), label.end(), is_name_character)) {
    return "is not a host name: letters, digits, hyphens, underscores and dots only";
  }
  if (label.front() == '-' || label.back() == '-') {
    return "has a label that begins or ends with a hyphen";
  }
  return nullptr;
}

// `text` is what was written and `name` its normal form, or the part of it after "*.".
Result<void> check_labels(std::string_view text, std::string_view name) {
  if (Address::parse_ip(name)) {
    return wrong(text, "is an IP address, which TLS never sends as a server's name: write a name");
  }
  size_t last = 0;
  for (size_t begin = 0; begin <= name.size();) {
    size_t end = std::min(name.find('.', begin), name.size());
    if (const char* fault = label_fault(name.substr(begin, end - begin))) return wrong(text, fault);
    last = begin;
    begin = end + 1;
  }
  std::string_view top = name.substr(last);
  if (std::all_of(top.begin(), top.end(), is_digit)) {
    return wrong(text, "is neither a name nor an IP address: its last label is a number");
  }
  return {};
}

}  // namespace

std::string normal_host(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  std::string normal(host);
  for (char& c : normal) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normal;
}

Result<std::string> parse_dns_name(std::string_view text) {
  if (text.empty()) return Error{"is empty: write a host name"};
  std::string name = normal_host(text);
  if (name.size() > kMostCharacters) return Error{"has more than 253 characters"};
  if (name.starts_with("*.")) return wrong(text, "is a wildcard: write the name itself");
  if (auto checked = check_labels(text, name); !checked) return checked.error();
  return name;
}

Result<std::string> parse_site_host(std::string_view text) {
  if (text == "*") return std::string("*");
  std::string host = normal_host(text);
  if (!is_wildcard(host)) return parse_dns_name(text);
  if (host.size() > kMostCharacters) return Error{"has more than 253 characters"};
  if (auto checked = check_labels(text, std::string_view(host).substr(2)); !checked) {
    return checked.error();
  }
  return host;
}

}  // namespace sallyport
