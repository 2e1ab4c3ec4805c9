// An IPv4 or IPv6 address with a port, and networks of them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// A value; 28 bytes; compared by family, address and port. IPv4-mapped IPv6 addresses
/// (::ffff:a.b.c.d, what a dual-stack listener reports) are turned into IPv4 on the way in.
class Address {
 public:
  Address() = default;  // no address: valid() is false

  static Address v4(uint32_t host_order, uint16_t port);
  static Address v6(const uint8_t (&bytes)[16], uint16_t port);
  /// REQUIRES: `address` points to a whole sockaddr of its family. Other families give no address.
  static Address from(const sockaddr* address);

  /// An IP literal without port ("10.0.0.1", "::1", "[::1]"); nothing else, no names.
  static std::optional<Address> parse_ip(std::string_view text, uint16_t port = 0);
  /// "10.0.0.1:443", "[::1]:443".
  static std::optional<Address> parse(std::string_view text);

  bool valid() const { return family() != AF_UNSPEC; }
  int family() const { return storage_.any.sa_family; }
  bool is_v4() const { return family() == AF_INET; }
  uint16_t port() const;
  Address with_port(uint16_t port) const;

  /// The address' bytes in network order: 4 or 16.
  const uint8_t* ip_bytes() const;
  size_t ip_size() const { return is_v4() ? 4 : 16; }

  const sockaddr* raw() const { return &storage_.any; }
  socklen_t raw_size() const { return is_v4() ? sizeof storage_.v4 : sizeof storage_.v6; }

  std::string ip_text() const;       // "10.0.0.1", "2001:db8::1"
  std::string text() const;          // "10.0.0.1:443", "[2001:db8::1]:443"
  /// The same on the end of a text: for logs, which have no time to allocate.
  void append_ip_text(std::string& out) const;
  void append_text(std::string& out) const;

  bool operator==(const Address& other) const;
  bool same_ip(const Address& other) const;
  /// Of the IP only, for tables per client.
  size_t ip_hash() const;

 private:
  // The largest comes first: it is what {} sets to zero, scope included, which == compares.
  union Storage {
    sockaddr_in6 v6;
    sockaddr_in v4;
    sockaddr any;
  };
  Storage storage_{};
};

/// "10.0.0.0/8", "2001:db8::/32", or a bare IP (all its bits). Host bits must be zero.
class Network {
 public:
  static std::optional<Network> parse(std::string_view text);
  bool contains(const Address& address) const;
  std::string text() const;
  bool operator==(const Network&) const = default;

 private:
  Address base_;
  int bits_ = 0;
};

bool contains(const std::vector<Network>& networks, const Address& address);

}  // namespace sallyport
