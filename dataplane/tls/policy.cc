#include "dataplane/tls/policy.h"

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// AES-128 first: as strong as the certificates' keys, and the cheapest where there is AES hardware.
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kGroupsWithHybrid = "X25519MLKEM768:X25519:P-256:P-384";

}  // namespace

void apply_policy(SSL_CTX* context, TlsVersion least) {
  SSL_CTX_set_min_proto_version(context,
                                least == TlsVersion::V1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  CHECK(SSL_CTX_set_cipher_list(context, kCiphers12) == 1);
  CHECK(SSL_CTX_set_ciphersuites(context, kCiphers13) == 1);
  // The hybrid group is there from OpenSSL 3.5 on.
  if (SSL_CTX_set1_groups_list(context, kGroupsWithHybrid) != 1) {
    CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
  }
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    CHECK(!protocol.empty() && protocol.size() <= 255);
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

}  // namespace sallyport
