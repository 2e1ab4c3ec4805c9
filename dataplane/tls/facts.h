// What a TLS handshake came to, in words that the rest of the program may use without OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/tls/client_outcome.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

/// Of a finished handshake. The views are OpenSSL's static texts or live as long as the stream's
/// TLS.
struct TlsFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;
  std::string_view alpn;  // empty: none was negotiated
  std::string_view sni;   // as OpenSSL understood it
  bool is_1_3 = false;
  bool resumed = false;
};

/// REQUIRES: the stream's handshake is done.
TlsFacts tls_facts(const Stream& stream);

enum class HandshakeFault : uint8_t {
  PeerLeft,                // the connection ended or broke
  Version,                 // none in common
  Algorithms,              // no cipher, group or signature algorithm in common
  Alpn,                    // no protocol in common
  PeerRefusesCertificate,  // ours, by an alert
  PeerAlert,               // any other alert
  OwnCertificate,          // ours cannot be used
  Protocol,                // anything else
  CertificateMissing,      // of a client of whom one is required
  CertificateRejected,     // the peer's was not good enough for us
};

struct HandshakeFailure {
  HandshakeFault fault;
  std::string detail;
  ClientVerdict verdict = ClientVerdict::Bad;  // of CertificateRejected; of backends, too
};

/// Why the handshake failed. REQUIRES: handshake() said Failed.
HandshakeFailure handshake_failure(const Stream& stream);

/// A fatal alert in plaintext, as a server sends it before any handshake (RFC 8446 section 6).
inline constexpr uint8_t kAlertAccessDenied = 49;
inline constexpr uint8_t kAlertInternalError = 80;
inline constexpr uint8_t kAlertUnrecognizedName = 112;
inline constexpr uint8_t kAlertDecodeError = 50;
struct AlertRecord {
  explicit AlertRecord(uint8_t description) : bytes{0x15, 0x03, 0x03, 0, 2, 2, description} {}
  uint8_t bytes[7];
};

}  // namespace sallyport
