#include "dataplane/base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/base/ip_text.h"

namespace sallyport {

Address Address::v4(uint32_t host_order, uint16_t port) {
  Address a;
  a.storage_.v4.sin_family = AF_INET;
  a.storage_.v4.sin_port = htons(port);
  a.storage_.v4.sin_addr.s_addr = htonl(host_order);
  return a;
}

Address Address::v6(const uint8_t (&bytes)[16], uint16_t port) {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  Address a;
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) {
    a.storage_.v4.sin_family = AF_INET;
    a.storage_.v4.sin_port = htons(port);
    std::memcpy(&a.storage_.v4.sin_addr, bytes + 12, 4);
    return a;
  }
  a.storage_.v6.sin6_family = AF_INET6;
  a.storage_.v6.sin6_port = htons(port);
  std::memcpy(&a.storage_.v6.sin6_addr, bytes, 16);
  return a;
}

Address Address::from(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    Address a;
    std::memcpy(&a.storage_.v4, address, sizeof a.storage_.v4);
    return a;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    uint8_t bytes[16];
    std::memcpy(bytes, &six.sin6_addr, 16);
    Address a = v6(bytes, ntohs(six.sin6_port));
    // A link-local address means nothing without its interface.
    if (!a.is_v4()) a.storage_.v6.sin6_scope_id = six.sin6_scope_id;
    return a;
  }
  return {};
}

std::optional<Address> Address::parse_ip(std::string_view text, uint16_t port) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  char buffer[INET6_ADDRSTRLEN + 1];
  // inet_pton would stop at a NUL and not see what stands behind it.
  if (text.size() >= sizeof buffer || text.find('\0') != text.npos) return std::nullopt;
  buffer[text.copy(buffer, text.size())] = 0;  // unlike memcpy, also from a view of nothing
  in_addr four;
  if (inet_pton(AF_INET, buffer, &four) == 1) return v4(ntohl(four.s_addr), port);
  uint8_t six[16];
  if (inet_pton(AF_INET6, buffer, six) == 1) return v6(six, port);
  return std::nullopt;
}

std::optional<Address> Address::parse(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  // A bare IPv6 address with a port would be ambiguous; it must wear brackets.
  if (host.find(':') != std::string_view::npos && host.front() != '[') return std::nullopt;
  uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return parse_ip(host, port);
}

uint16_t Address::port() const {
  return ntohs(is_v4() ? storage_.v4.sin_port : storage_.v6.sin6_port);
}

Address Address::with_port(uint16_t port) const {
  Address a = *this;
  if (is_v4()) {
    a.storage_.v4.sin_port = htons(port);
  } else {
    a.storage_.v6.sin6_port = htons(port);
  }
  return a;
}

const uint8_t* Address::ip_bytes() const {
  return is_v4() ? reinterpret_cast<const uint8_t*>(&storage_.v4.sin_addr)
                 : reinterpret_cast<const uint8_t*>(&storage_.v6.sin6_addr);
}

std::string Address::ip_text() const {
  std::string text;
  append_ip_text(text);
  return text;
}

std::string Address::text() const {
  std::string text;
  append_text(text);
  return text;
}

void Address::append_ip_text(std::string& out) const {
  if (!valid()) {
    out += '-';
    return;
  }
  out += IpText(*this).view();
}

void Address::append_text(std::string& out) const {
  if (!valid()) {
    out += '-';
    return;
  }
  if (!is_v4()) out += '[';
  append_ip_text(out);
  if (!is_v4()) out += ']';
  char buffer[8] = ":";
  out.append(buffer, std::to_chars(buffer + 1, buffer + sizeof buffer, unsigned{port()}).ptr);
}

bool Address::operator==(const Address& other) const {
  return same_ip(other) && (!valid() || port() == other.port());
}

bool Address::same_ip(const Address& other) const {
  if (family() != other.family()) return false;
  if (!valid()) return true;
  if (std::memcmp(ip_bytes(), other.ip_bytes(), ip_size()) != 0) return false;
  return is_v4() || storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id;
}

size_t Address::ip_hash() const {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (size_t i = 0; i < ip_size(); ++i) hash = (hash ^ ip_bytes()[i]) * 0x100000001b3u;
  return hash ^ hash >> 29;
}

std::optional<Network> Network::parse(std::string_view text) {
  Network n;
  size_t slash = text.find('/');
  auto base = Address::parse_ip(text.substr(0, slash));
  if (!base) return std::nullopt;
  n.base_ = *base;
  int most = static_cast<int>(base->ip_size()) * 8;
  n.bits_ = most;
  if (slash != std::string_view::npos) {
    std::string_view digits = text.substr(slash + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n.bits_);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
        n.bits_ < 0 || n.bits_ > most) {
      return std::nullopt;
    }
  }
  for (int bit = n.bits_; bit < most; ++bit) {
    if (n.base_.ip_bytes()[bit / 8] & (0x80 >> bit % 8)) return std::nullopt;
  }
  return n;
}

bool Network::contains(const Address& address) const {
  if (address.family() != base_.family()) return false;
  const uint8_t* a = address.ip_bytes();
  const uint8_t* b = base_.ip_bytes();
  int whole = bits_ / 8;
  if (std::memcmp(a, b, static_cast<size_t>(whole)) != 0) return false;
  int rest = bits_ % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

std::string Network::text() const { return base_.ip_text() + "/" + std::to_string(bits_); }

bool contains(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& n) { return n.contains(address); });
}

}  // namespace sallyport
