#include "dataplane/tls/policy.h"

#include "dataplane/base/check.h"
#include "dataplane/tls/offer.h"

namespace sallyport {

namespace {

int number(TlsVersion version) {
  return version == TlsVersion::V1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

}  // namespace

void apply_policy(SSL_CTX* context, const HandshakePolicy& policy) {
  SSL_CTX_set_min_proto_version(context, number(policy.least));
  SSL_CTX_set_max_proto_version(context, number(policy.most));
  SSL_CTX_set_security_level(context, kSecurityLevel);
  apply_offer(context, policy.offer);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

std::string HandshakePolicy::key() const {
  std::string text = std::string(name(least)) + " " + name(most);
  for (const TlsName& cipher : offer.ciphers) text += " " + cipher.name;
  text += " groups";
  for (const TlsName& group : offer.groups) text += " " + group.name;
  return text;
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
