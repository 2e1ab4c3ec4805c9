#include "dataplane/tls/facts.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "dataplane/tls/client_proof.h"

namespace sallyport {

namespace {

// Of what the peer said last (RFC 8446 section 6.2).
HandshakeFault fault_of_alert(int alert) {
  constexpr int kProtocolVersion = 70, kNoApplicationProtocol = 120, kHandshakeFailure = 40;
  switch (alert) {
    case kHandshakeFailure: return HandshakeFault::Algorithms;
    case 42: case 43: case 44: case 45: case 46:  // bad_certificate to certificate_unknown
    case 48: return HandshakeFault::PeerRefusesCertificate;  // unknown_ca
    case kProtocolVersion: return HandshakeFault::Version;
    case kNoApplicationProtocol: return HandshakeFault::Alpn;
    default: return HandshakeFault::PeerAlert;
  }
}

HandshakeFault fault_of(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return HandshakeFault::Protocol;
  int reason = ERR_GET_REASON(code);
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return HandshakeFault::CertificateMissing;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS: return HandshakeFault::Algorithms;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW: return HandshakeFault::Version;
    case SSL_R_NO_APPLICATION_PROTOCOL: return HandshakeFault::Alpn;
    case SSL_R_NO_CERTIFICATE_ASSIGNED:
    case SSL_R_CERT_CB_ERROR: return HandshakeFault::OwnCertificate;
    default: break;
  }
  bool alert = reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
  return alert ? fault_of_alert(reason - SSL_AD_REASON_OFFSET) : HandshakeFault::Protocol;
}

ClientVerdict verdict_of_peer(long error) {
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return ClientVerdict::NotMatched;
    default: return verdict_of_error(static_cast<int>(error));
  }
}

}  // namespace

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
      return {HandshakeFault::CertificateRejected, std::string(proof->rejection()),
              proof->rejected_as()};
    }
  } else if (long verdict = SSL_get_verify_result(stream.ssl());
             verdict != X509_V_OK && SSL_get_verify_mode(stream.ssl()) != SSL_VERIFY_NONE) {
    return {HandshakeFault::CertificateRejected, X509_verify_cert_error_string(verdict),
            verdict_of_peer(verdict)};
  }
  if (stream.tls_error_code() == 0) return {HandshakeFault::PeerLeft, stream.error_text()};
  return {fault_of(stream.tls_error_code()), stream.error_text()};
}

}  // namespace sallyport
