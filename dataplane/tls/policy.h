// What every TLS context of ours has in common, towards clients and backends.
#pragma once

#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Mozilla's "intermediate" ciphers and groups, no compression, no renegotiation, buffers released
/// while idle.
void apply_policy(SSL_CTX* context, TlsVersion least);

/// Protocol names as RFC 7301 section 3.1 writes them. REQUIRES: each of 1 to 255 bytes.
std::string alpn_wire(const std::vector<std::string>& protocols);

}  // namespace sallyport
