#include "dataplane/tls/client_names.h"

#include <openssl/x509v3.h>

namespace sallyport {

namespace {

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

}  // namespace

std::vector<std::string> subject_values(const X509* certificate, int nid) {
  std::vector<std::string> all;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, nid, at)) >= 0;) {
    unsigned char* utf8 = nullptr;
    int size = ASN1_STRING_to_UTF8(
        &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size >= 0) all.emplace_back(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
    OPENSSL_free(utf8);
  }
  return all;
}

AlternativeNames alternative_names(const X509* certificate) {
  AlternativeNames names;
  auto* sans = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(sans); ++i) {
    const GENERAL_NAME* san = sk_GENERAL_NAME_value(sans, i);
    switch (san->type) {
      case GEN_DNS: names.dns.push_back(bytes_of(san->d.dNSName)); break;
      case GEN_URI: names.uri.push_back(bytes_of(san->d.uniformResourceIdentifier)); break;
      case GEN_EMAIL: names.email.push_back(bytes_of(san->d.rfc822Name)); break;
      case GEN_IPADD: names.ip.push_back(bytes_of(san->d.iPAddress)); break;
      default: break;
    }
  }
  GENERAL_NAMES_free(sans);
  return names;
}

std::string der_of(X509* certificate) {
  unsigned char* der = nullptr;
  int size = i2d_X509(certificate, &der);
  std::string all;
  if (size > 0) all.assign(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return all;
}

std::string sha256_hex(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  std::string all;
  for (unsigned i = 0; i < size; ++i) {
    all += "0123456789abcdef"[digest[i] >> 4];
    all += "0123456789abcdef"[digest[i] & 15];
  }
  return all;
}

}  // namespace sallyport
