#include "dataplane/tls/client_identity.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace sallyport {

namespace {

std::string name_text(const X509_NAME* name) {
  BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

}  // namespace

std::string ClientIdentity::verify_text() const {
  switch (verdict) {
    case ClientVerdict::None: return "NONE";
    case ClientVerdict::Good: return "SUCCESS";
    case ClientVerdict::Failed: return "FAILED:" + fault;
  }
  return "FAILED";
}

ClientIdentity client_identity(const Stream& stream) {
  ClientIdentity identity;
  const X509* leaf = SSL_get0_peer_certificate(stream.ssl());
  if (!leaf) return identity;
  long verdict = SSL_get_verify_result(stream.ssl());
  identity.verdict = verdict == X509_V_OK ? ClientVerdict::Good : ClientVerdict::Failed;
  if (verdict != X509_V_OK) identity.fault = X509_verify_cert_error_string(verdict);
  identity.subject = name_text(X509_get_subject_name(leaf));
  identity.issuer = name_text(X509_get_issuer_name(leaf));
  return identity;
}

}  // namespace sallyport
