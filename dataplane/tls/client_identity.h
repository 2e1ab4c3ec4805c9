// Who a client proved to be, as far as its certificate says.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/tls/stream.h"

namespace sallyport {

enum class ClientVerdict : uint8_t {
  None,    // it showed no certificate
  Good,    // verified against the site's authorities
  Failed,  // it showed one that is not good enough
};

struct ClientIdentity {
  ClientVerdict verdict = ClientVerdict::None;
  std::string fault;    // of Failed: "certificate has expired"
  // RFC 2253, as nginx's $ssl_client_s_dn: of Good and Failed.
  std::string subject;
  std::string issuer;

  /// "SUCCESS", "NONE", "FAILED:certificate has expired": nginx's $ssl_client_verify.
  std::string verify_text() const;
};

/// Of a finished handshake that asked for a certificate. On a resumed one the verdict is that of
/// the first, which the session keeps.
ClientIdentity client_identity(const Stream& stream);

}  // namespace sallyport
