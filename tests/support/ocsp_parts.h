// Certificates and OCSP responses of every kind, made with OpenSSL.
#pragma once

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <optional>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

inline constexpr int64_t kOcspNow = 1'800'000'000;

/// A certificate and its key.
struct OcspParty {
  X509Ptr certificate;
  EvpPkeyPtr key;
};

inline void add_extension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  CHECK(extension && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

/// Good around kOcspNow, and now. Signed by `issuer`, or by itself. Empty values: no such
/// extension.
inline OcspParty make_party(const std::string& name, long serial, const OcspParty* issuer,
                            const std::string& use = "", const std::string& aia = "") {
  OcspParty made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* x = made.certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
  ASN1_TIME_set(X509_getm_notBefore(x), 1'600'000'000);
  ASN1_TIME_set(X509_getm_notAfter(x), 2'600'000'000);
  X509_set_pubkey(x, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->certificate.get() : x));
  add_extension(x, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (!use.empty()) add_extension(x, NID_ext_key_usage, use.c_str());
  if (!aia.empty()) add_extension(x, NID_info_access, ("OCSP;URI:" + aia).c_str());
  CHECK(X509_sign(x, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);
  return made;
}

struct OcspReply {
  int status = V_OCSP_CERTSTATUS_GOOD;
  int64_t this_update = kOcspNow - 100;
  std::optional<int64_t> next_update = kOcspNow + 900;
};

/// DER of a response about `leaf`, signed by `signer`, whose certificate is sent along.
inline std::string make_reply(const OcspParty& leaf, const OcspParty& issuer,
                              const OcspParty& signer, const OcspReply& reply = {}) {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(nullptr, leaf.certificate.get(), issuer.certificate.get());
  ASN1_GENERALIZEDTIME* from = ASN1_GENERALIZEDTIME_set(nullptr, reply.this_update);
  ASN1_GENERALIZEDTIME* until =
      reply.next_update ? ASN1_GENERALIZEDTIME_set(nullptr, *reply.next_update) : nullptr;
  ASN1_TIME* revoked = ASN1_TIME_set(nullptr, kOcspNow - 500);
  CHECK(OCSP_basic_add1_status(basic, id, reply.status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                               reply.status == V_OCSP_CERTSTATUS_REVOKED ? revoked : nullptr, from,
                               until));
  CHECK(OCSP_basic_sign(basic, signer.certificate.get(), signer.key.get(), EVP_sha256(), nullptr,
                        0) == 1);
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  int size = i2d_OCSP_RESPONSE(response, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_GENERALIZEDTIME_free(from);
  ASN1_GENERALIZEDTIME_free(until);
  ASN1_TIME_free(revoked);
  return text;
}

}  // namespace sallyport
