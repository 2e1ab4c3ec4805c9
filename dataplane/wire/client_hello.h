// The first message of a TLS connection, read without answering it: which name the client asks
// for, which protocols it offers. Sans-I/O: the caller peeks at bytes, this says what they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace sallyport {

enum class HelloStatus : uint8_t {
  NeedMore,   // all right so far
  Complete,   // the hello is there, and valid
  NotTls,     // not a TLS handshake: SSLv2, HTTP, SSH, noise
  TooLarge,   // is, or announces to be, more than `limit`
  Malformed,  // TLS, but no ClientHello that OpenSSL and a backend must understand alike
};

/// What a ClientHello says that decides or describes a connection. A value without pointers: it
/// outlives the bytes that it was read from. Empty until parse_client_hello() says Complete.
class ClientHello {
 public:
  /// The host name of server_name, in lower case and without a trailing dot; empty: none was
  /// sent. Only letters, digits, '-', '_' and dots between labels that are not empty; at most 255
  /// bytes. An IPv4 literal, which RFC 6066 section 3 forbids but clients send and OpenSSL and
  /// nginx take, is a name like any other here.
  std::string_view sni() const { return {sni_, sni_size_}; }

  /// The ALPN protocol names in the client's order, each after a byte with its length (the inside
  /// of RFC 7301's ProtocolNameList). Of a list longer than 256 bytes, as no ordinary client
  /// sends, the leading names that fit: alpn_cut() is then true, and a name that is not found may
  /// have been offered all the same.
  Bytes alpn() const { return {alpn_, alpn_size_}; }
  bool alpn_cut() const { return alpn_cut_; }
  bool offers_alpn(std::string_view name) const;
  /// The same names joined by commas, for logs: '?' for each byte that is not printable ASCII or
  /// that is itself a comma.
  std::string_view alpn_text() const { return {alpn_text_, alpn_size_ == 0 ? 0 : alpn_size_ - 1u}; }

  /// The highest TLS version offered, as on the wire (0x0304 is TLS 1.3), GREASE and other values
  /// that are no TLS version left out; 0 if nothing else was offered. A client that does not send
  /// supported_versions offers its legacy_version, yet never more than TLS 1.2 (RFC 8446 section
  /// 4.2.1).
  uint16_t version() const { return version_; }

  /// Bytes of TLS records, from the first, that the hello took.
  size_t wire_size() const { return wire_size_; }

 private:
  friend class ClientHelloMessage;
  friend HelloStatus parse_client_hello(Bytes, size_t, ClientHello&, size_t&);

  size_t wire_size_ = 0;
  uint16_t version_ = 0;
  uint16_t alpn_size_ = 0;
  uint8_t sni_size_ = 0;
  bool alpn_cut_ = false;
  char sni_[255] = {};
  uint8_t alpn_[256] = {};
  char alpn_text_[256] = {};
};

/// Looks at all bytes received so far, from the connection's first. Every status but NeedMore is
/// final: more bytes do not change it. What follows the record in which the hello ends (early
/// data) is not looked at.
///
/// `limit`: the most bytes of TLS records that a hello may take; beyond it is TooLarge, decided as
/// soon as the announced lengths allow.
/// `need`, set on NeedMore: the number of bytes, from the first, below which the hello cannot be
/// complete; always more than received. Waiting for it keeps a dripped hello from being looked at
/// for each byte, and one in tiny records from costing the square of their number. What is wrong
/// with it is then noticed at that look, too.
/// `out`, set on Complete only.
///
/// Strict where a lenient reading could differ from the one of the TLS library that reads the same
/// bytes later: lengths add up everywhere, no extension comes twice, server_name holds one host
/// name. Lenient where RFC 8446 says so: the record version's minor byte is not looked at (section
/// 5.1), unknown extensions, versions and GREASE values pass.
///
/// A hello in one record costs no allocation; one spread over several is gathered into one first,
/// when all of it is there.
HelloStatus parse_client_hello(Bytes received, size_t limit, ClientHello& out, size_t& need);

}  // namespace sallyport
