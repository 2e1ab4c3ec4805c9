#include "control/pki/certificate_builder.h"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

namespace sallyport {
namespace {

constexpr int kSerialBits = 127;

using BignumPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;

/// Random, so that no state is kept and nobody can foresee it (RFC 5280 section 4.1.2.2: positive,
/// at most 20 octets). 127 bits fill 16 octets without one more for the sign.
bool set_serial(X509& certificate) {
  BignumPtr serial(BN_new());
  return serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

}  // namespace

CertificateBuilder::CertificateBuilder(const CertificateNames& names, EVP_PKEY& key)
    : certificate_(X509_new()), issuer_(certificate_.get()) {
  require(certificate_ != nullptr, "begin a certificate");
  if (!error_.empty()) return;
  require(X509_set_version(certificate_.get(), X509_VERSION_3) == 1, "set the version");
  require(set_serial(*certificate_), "choose a serial number");
  require(X509_set_pubkey(certificate_.get(), &key) == 1, "set the public key");
  require(set_subject(*certificate_, names.common_name));
}

void CertificateBuilder::set_validity(TimePoint from, TimePoint to) {
  if (!error_.empty()) return;
  // ASN1_TIME_set writes UTCTime up to 2049 and GeneralizedTime after it, as RFC 5280 wants.
  const time_t not_before = std::chrono::system_clock::to_time_t(from);
  const time_t not_after = std::chrono::system_clock::to_time_t(to);
  require(ASN1_TIME_set(X509_getm_notBefore(certificate_.get()), not_before) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(certificate_.get()), not_after) != nullptr,
          "set the validity");
}

void CertificateBuilder::set_issuer(X509* issuer) {
  if (!error_.empty()) return;
  issuer_ = issuer != nullptr ? issuer : certificate_.get();
  X509_NAME* name = X509_get_subject_name(issuer_);
  require(X509_set_issuer_name(certificate_.get(), name) == 1, "set the issuer");
}

void CertificateBuilder::add_extension(int nid, const char* value) {
  if (!error_.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer_, certificate_.get(), nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  require(extension && X509_add_ext(certificate_.get(), extension.get(), -1) == 1,
          "add an extension");
}

void CertificateBuilder::add_alternative_names(const CertificateNames& names) {
  if (!error_.empty()) return;
  require(sallyport::add_alternative_names(*certificate_, names));
}

Result<X509Ptr> CertificateBuilder::sign(EVP_PKEY& issuer_key) && {
  if (error_.empty()) {
    require(X509_sign(certificate_.get(), &issuer_key, EVP_sha256()) > 0, "sign the certificate");
  }
  if (!error_.empty()) return Error{error_};
  return std::move(certificate_);
}

void CertificateBuilder::require(bool good, const char* doing) {
  if (good || !error_.empty()) return;
  error_ = std::string("cannot ") + doing + ": " + take_openssl_error();
}

void CertificateBuilder::require(const Result<void>& result) {
  if (!result && error_.empty()) error_ = result.error().message;
}

}  // namespace sallyport
