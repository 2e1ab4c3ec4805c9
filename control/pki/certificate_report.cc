#include "control/pki/certificate_report.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "control/pki/certificate_text.h"
#include "control/pki/pem.h"
#include "dataplane/base/address.h"

namespace sallyport {

namespace {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<size_t>(ASN1_STRING_length(value))};
}

std::string ip_text(const ASN1_OCTET_STRING* value) {
  const unsigned char* bytes = ASN1_STRING_get0_data(value);
  int size = ASN1_STRING_length(value);
  uint8_t six[16];
  if (size == 4) {
    uint32_t host_order = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                          uint32_t{bytes[2]} << 8 | bytes[3];
    return Address::v4(host_order, 0).ip_text();
  }
  if (size != sizeof six) return "?";
  std::copy(bytes, bytes + sizeof six, six);
  return Address::v6(six, 0).ip_text();
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  GeneralNamesPtr all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    switch (name->type) {
      case GEN_DNS: names.push_back("DNS:" + text_of(name->d.dNSName)); break;
      case GEN_IPADD: names.push_back("IP:" + ip_text(name->d.iPAddress)); break;
      case GEN_URI: names.push_back("URI:" + text_of(name->d.uniformResourceIdentifier)); break;
      case GEN_EMAIL: names.push_back("email:" + text_of(name->d.rfc822Name)); break;
      default: names.emplace_back("other"); break;
    }
  }
  return names;
}

std::string key_text(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (!key) return "unknown";
  char group[64] = {};
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                     nullptr) == 1) {
    const char* nist = EC_curve_nid2nist(OBJ_txt2nid(group));
    return std::string("EC ") + (nist ? nist : group);
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  return std::string(type ? type : "unknown") + " " + std::to_string(EVP_PKEY_get_bits(key));
}

std::string fingerprint(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace

std::vector<CertificateReport> report_certificates(std::string_view pem) {
  std::vector<CertificateReport> all;
  BioPtr text = pem_reader(pem);
  while (X509Ptr one{PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr)}) {
    all.push_back({name_text(*X509_get_subject_name(one.get())),
                   name_text(*X509_get_issuer_name(one.get())),
                   serial_text(*X509_get0_serialNumber(one.get())), names_of(one.get()),
                   time_text(time_of(*X509_get0_notBefore(one.get()))),
                   time_text(time_of(*X509_get0_notAfter(one.get()))), fingerprint(one.get()),
                   key_text(one.get())});
  }
  ERR_clear_error();
  return all;
}

std::vector<RevocationListReport> report_revocation_lists(std::string_view pem) {
  std::vector<RevocationListReport> all;
  BioPtr text = pem_reader(pem);
  while (X509CrlPtr one{PEM_read_bio_X509_CRL(text.get(), nullptr, no_passphrase, nullptr)}) {
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(one.get());
    all.push_back({name_text(*X509_CRL_get_issuer(one.get())),
                   time_text(time_of(*X509_CRL_get0_lastUpdate(one.get()))),
                   next ? time_text(time_of(*next)) : "",
                   static_cast<size_t>(std::max(
                       0, sk_X509_REVOKED_num(X509_CRL_get_REVOKED(one.get()))))});
  }
  ERR_clear_error();
  return all;
}

}  // namespace sallyport
