// What every TLS context of ours has in common, towards clients and backends.
#pragma once

#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

struct HandshakePolicy {
  TlsVersion least = TlsVersion::V1_2;
  TlsVersion most = TlsVersion::V1_3;
  TlsOffer offer = {};

  std::string key() const;  // equal for equal policies
};

/// No compression, no renegotiation, buffers released while idle.
/// REQUIRES: OpenSSL has all that is offered (tls/offer.h).
void apply_policy(SSL_CTX* context, const HandshakePolicy& policy);

/// Protocol names as RFC 7301 section 3.1 writes them. REQUIRES: each of 1 to 255 bytes.
std::string alpn_wire(const std::vector<std::string>& protocols);

}  // namespace sallyport
