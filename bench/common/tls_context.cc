#include "bench/common/tls_context.h"

#include <openssl/err.h>

#include <cstring>
#include <stdexcept>

namespace sallyport::bench {
namespace {

void require(bool fine, const std::string& what) {
  if (!fine) throw std::runtime_error(what + ": " + openssl_error());
}

int version_number(const std::string& text) {
  if (text.empty()) return 0;
  if (text == "1.2") return TLS1_2_VERSION;
  if (text == "1.3") return TLS1_3_VERSION;
  throw std::runtime_error("TLS version " + text + ": must be 1.2 or 1.3");
}

// RFC 7301 section 3.1: each name after its length in one byte.
std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) throw std::runtime_error("ALPN: bad name " + name);
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offer, unsigned offer_size, void* ours) {
  const std::string& wire = *static_cast<std::string*>(ours);
  unsigned char* chosen = nullptr;
  const int outcome = SSL_select_next_proto(
      &chosen, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
      static_cast<unsigned>(wire.size()), offer, offer_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SslContextPtr context_for(const SSL_METHOD* method, const TlsSettings& settings, int verify) {
  SslContextPtr context(SSL_CTX_new(method));
  SSL_CTX* ctx = context.get();
  require(ctx != nullptr, "SSL_CTX_new");
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  // Whole records in one read: the generator must not be what limits the measurement.
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_min_proto_version(ctx, version_number(settings.min_version));
  SSL_CTX_set_max_proto_version(ctx, version_number(settings.max_version));
  if (!settings.ciphers.empty()) {
    require(SSL_CTX_set_cipher_list(ctx, settings.ciphers.c_str()) == 1, settings.ciphers);
  }
  if (!settings.ciphersuites.empty()) {
    require(SSL_CTX_set_ciphersuites(ctx, settings.ciphersuites.c_str()) == 1,
            settings.ciphersuites);
  }
  if (!settings.certificate.empty()) {
    const std::string& key = settings.key.empty() ? settings.certificate : settings.key;
    require(SSL_CTX_use_certificate_chain_file(ctx, settings.certificate.c_str()) == 1,
            settings.certificate);
    require(SSL_CTX_use_PrivateKey_file(ctx, key.c_str(), SSL_FILETYPE_PEM) == 1, key);
  }
  if (!settings.ca.empty()) {
    require(SSL_CTX_load_verify_locations(ctx, settings.ca.c_str(), nullptr) == 1, settings.ca);
    SSL_CTX_set_verify(ctx, verify, nullptr);
  }
  return context;
}

}  // namespace

SslContextPtr client_context(const TlsSettings& settings) {
  SslContextPtr context = context_for(TLS_client_method(), settings, SSL_VERIFY_PEER);
  const std::string wire = alpn_wire(settings.alpn);
  if (!wire.empty()) {
    require(SSL_CTX_set_alpn_protos(context.get(),
                                    reinterpret_cast<const unsigned char*>(wire.data()),
                                    static_cast<unsigned>(wire.size())) == 0,
            "ALPN");
  }
  return context;
}

SslContextPtr server_context(const TlsSettings& settings) {
  SslContextPtr context = context_for(TLS_server_method(), settings,
                                      SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  SSL_CTX* ctx = context.get();
  // Without a context of its own a server that verifies clients refuses to resume sessions.
  static const unsigned char kName[] = "backend";
  SSL_CTX_set_session_id_context(ctx, kName, sizeof kName - 1);
  if (!settings.alpn.empty()) {
    // The callback's list lives as long as the process: there is one such context.
    static std::string wire;
    wire = alpn_wire(settings.alpn);
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, &wire);
  }
  return context;
}

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "error " + std::to_string(code);
}

}  // namespace sallyport::bench
