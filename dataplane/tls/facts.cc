#include "dataplane/tls/facts.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "dataplane/tls/client_proof.h"

namespace sallyport {

TlsFacts tls_facts(const Stream& stream) {
  SSL* ssl = stream.ssl();
  TlsFacts facts;
  facts.version = SSL_get_version(ssl);
  facts.is_1_3 = SSL_version(ssl) == TLS1_3_VERSION;
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    facts.cipher = SSL_CIPHER_get_name(cipher);
  }
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn) facts.alpn = {reinterpret_cast<const char*>(alpn), alpn_size};
  if (const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) facts.sni = sni;
  facts.resumed = SSL_session_reused(ssl) == 1;
  return facts;
}

HandshakeFailure handshake_failure(const Stream& stream) {
  if (const ClientProof* proof = ClientProof::in(stream.ssl())) {
    if (!proof->rejection().empty()) {
      return {HandshakeFault::CertificateRejected, std::string(proof->rejection())};
    }
  } else if (long verdict = SSL_get_verify_result(stream.ssl()); verdict != X509_V_OK) {
    return {HandshakeFault::CertificateRejected, X509_verify_cert_error_string(verdict)};
  }
  std::string text = stream.error_text();
  // OpenSSL has no other way of telling: the text is that of this reason code.
  const char* missing = ERR_reason_error_string(
      ERR_PACK(ERR_LIB_SSL, 0, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE));
  if (missing && text == missing) return {HandshakeFault::CertificateMissing, text};
  if (stream.transport_ended() || stream.error()) return {HandshakeFault::PeerLeft, text};
  return {HandshakeFault::Protocol, text};
}

}  // namespace sallyport
