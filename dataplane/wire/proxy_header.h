// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt, "the specification"
// below): the client's address, sent ahead of a connection's bytes by the proxy in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"

namespace sallyport {

/// No header is longer: a version 2 header that announces more is malformed. Whoever reads at most
/// this many bytes always comes to a verdict.
constexpr size_t kMaxProxyHeader = 4096;

/// What a header says. A value without pointers, empty until parse_proxy_header() says Complete.
class ProxyHeader {
 public:
  /// LOCAL, UNKNOWN, or a family that is no TCP over IP: the header says nothing about addresses,
  /// and those of the socket hold.
  bool local = false;
  /// Both valid unless `local`.
  Address source, destination;

  /// What the sender's client asked for (SNI) and what was agreed with it; empty: not said. Any
  /// bytes, up to 255, as sent.
  std::string_view authority() const { return {authority_, authority_size_}; }
  std::string_view alpn() const { return {alpn_, alpn_size_}; }

 private:
  friend class ProxyTlvs;

  uint8_t authority_size_ = 0;
  uint8_t alpn_size_ = 0;
  char authority_[255] = {};
  char alpn_[255] = {};
};

enum class ProxyStatus : uint8_t {
  NeedMore,   // all right so far
  Complete,   // the header is there, and valid
  Absent,     // the first bytes are not the start of a PROXY header
  Malformed,  // began as one, and is none
};

/// Looks at all bytes received so far, from the connection's first. Every status but NeedMore is
/// final: more bytes do not change it. On Complete, and only then, `out` is set and `used` is the
/// number of bytes that the header took; what follows them is the client's.
///
/// Strict: what the specification lets a receiver refuse is refused, and so is a TLV that comes
/// twice or that is longer than what it stands for can be. A checksum is verified when it is there.
/// Of a LOCAL or unspecified header nothing but its length is looked at, as the specification asks.
ProxyStatus parse_proxy_header(Bytes received, ProxyHeader& out, size_t& used);

/// The TLS of the client's connection, for version 2.
struct ProxyTls {
  std::string_view version;      // "TLSv1.3"
  std::string_view cipher;       // "TLS_AES_128_GCM_SHA256"
  bool client_cert = false;      // the client has shown a certificate ...
  bool resumed = false;          // ... on the connection that this one resumed
  bool verified = false;         // and it was found good
  std::string_view common_name;  // of the certificate's subject
};

/// What is to be told to a backend. Views: valid during the call.
struct ProxySend {
  /// Unless both are valid the header says that the addresses are not known. An IPv4 address
  /// beside an IPv6 one is written as IPv4-mapped IPv6.
  Address source, destination;
  std::string_view authority, alpn;  // empty: not sent
  const ProxyTls* tls = nullptr;     // null: the client did not use TLS
};

/// Enough for every header that is written here.
constexpr size_t kMaxProxySend = 1536;

/// Write a header and return its size. Version 1 has room for the addresses only. A text of more
/// than 255 bytes is left out, never cut: a part of a name is another's name.
/// REQUIRES: out.size() >= kMaxProxySend.
size_t write_proxy_v1(const ProxySend& send, MutableBytes out);
size_t write_proxy_v2(const ProxySend& send, MutableBytes out);

}  // namespace sallyport
