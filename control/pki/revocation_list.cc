#include "control/pki/revocation_list.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>

#include "control/pki/pem.h"

namespace sallyport {
namespace {

using Clock = std::chrono::system_clock;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, OpensslFree<ASN1_INTEGER_free>>;
using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, OpensslFree<ASN1_ENUMERATED_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, OpensslFree<X509_REVOKED_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

TimePtr asn1_time(Clock::time_point time) {
  return TimePtr(ASN1_TIME_set(nullptr, Clock::to_time_t(time)));
}

// By the names that the openssl program gives them in its index; a list has their numbers.
constexpr const char* kReasons[] = {"unspecified",        "keyCompromise", "CACompromise",
                                    "affiliationChanged", "superseded",    "cessationOfOperation",
                                    "certificateHold"};

bool set_reason(X509_REVOKED& entry, std::string_view reason) {
  if (reason.empty()) return true;
  const auto* found = std::find(std::begin(kReasons), std::end(kReasons), reason);
  if (found == std::end(kReasons)) return false;
  EnumeratedPtr code(ASN1_ENUMERATED_new());
  return code && ASN1_ENUMERATED_set_int64(code.get(), found - std::begin(kReasons)) == 1 &&
         X509_REVOKED_add1_ext_i2d(&entry, NID_crl_reason, code.get(), 0, 0) == 1;
}

bool set_serial(X509_REVOKED& entry, const std::string& serial) {
  BIGNUM* parsed = nullptr;
  const int digits = BN_hex2bn(&parsed, serial.c_str());
  BignumPtr number(parsed);
  if (static_cast<size_t>(digits) != serial.size()) return false;
  IntegerPtr value(BN_to_ASN1_INTEGER(number.get(), nullptr));
  return value && X509_REVOKED_set_serialNumber(&entry, value.get()) == 1;
}

bool add_revoked(X509_CRL& list, const IssuedCertificate& issued) {
  const size_t comma = std::min(issued.revoked.find(','), issued.revoked.size());
  const std::string date = issued.revoked.substr(0, comma);
  const std::string_view rest = std::string_view(issued.revoked).substr(comma);
  TimePtr at(ASN1_TIME_new());
  RevokedPtr entry(X509_REVOKED_new());
  if (!entry || !at || ASN1_TIME_set_string_X509(at.get(), date.c_str()) != 1) return false;
  if (!set_serial(*entry, issued.serial)) return false;
  if (X509_REVOKED_set_revocationDate(entry.get(), at.get()) != 1) return false;
  if (!set_reason(*entry, rest.empty() ? rest : rest.substr(1))) return false;
  if (X509_CRL_add0_revoked(&list, entry.get()) != 1) return false;
  static_cast<void>(entry.release());
  return true;
}

bool add_extensions(X509_CRL& list, X509& issuer, uint64_t number) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, nullptr, nullptr, &list, 0);
  X509V3_set_ctx_nodb(&context);
  ExtensionPtr key(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  IntegerPtr value(ASN1_INTEGER_new());
  return key && X509_CRL_add_ext(&list, key.get(), -1) == 1 && value &&
         ASN1_INTEGER_set_uint64(value.get(), number) == 1 &&
         X509_CRL_add1_ext_i2d(&list, NID_crl_number, value.get(), 0, 0) == 1;
}

bool begin(X509_CRL& list, X509& issuer, const Validity& validity) {
  const TimePtr from = asn1_time(validity.now - kClockSkewMax);
  const TimePtr to = asn1_time(validity.now + validity.duration);
  return from && to && X509_CRL_set_version(&list, X509_CRL_VERSION_2) == 1 &&
         X509_CRL_set_issuer_name(&list, X509_get_subject_name(&issuer)) == 1 &&
         X509_CRL_set1_lastUpdate(&list, from.get()) == 1 &&
         X509_CRL_set1_nextUpdate(&list, to.get()) == 1;
}

Error openssl_error(const char* doing) {
  return Error{std::string("cannot ") + doing + ": " + take_openssl_error()};
}

}  // namespace

Result<std::string> make_revocation_list(const CertificateAuthority& authority,
                                         const IssuedIndex& index, uint64_t number,
                                         const Validity& validity) {
  X509CrlPtr list(X509_CRL_new());
  X509& issuer = authority.certificate();
  if (!list || !begin(*list, issuer, validity)) return openssl_error("begin a revocation list");
  for (const IssuedCertificate& one : index.all()) {
    if (one.status == 'R' && !add_revoked(*list, one)) {
      ERR_clear_error();
      return Error{"the index has a revocation that cannot be listed: " + one.serial + " " +
                   one.revoked};
    }
  }
  X509_CRL_sort(list.get());
  if (!add_extensions(*list, issuer, number)) return openssl_error("extend a revocation list");
  if (!authority.sign(*list)) return openssl_error("sign a revocation list");
  BioPtr text = pem_writer();
  if (!text || PEM_write_bio_X509_CRL(text.get(), list.get()) != 1) {
    return openssl_error("write a revocation list");
  }
  return std::string(contents(*text));
}

bool has_lists_of_this_only(std::string_view pem, const CertificateAuthority& authority) {
  BioPtr text = pem_reader(pem);
  bool all_ours = true;
  while (X509CrlPtr list{PEM_read_bio_X509_CRL(text.get(), nullptr, no_passphrase, nullptr)}) {
    all_ours &= X509_NAME_cmp(X509_CRL_get_issuer(list.get()),
                              X509_get_subject_name(&authority.certificate())) == 0;
  }
  ERR_clear_error();
  return all_ours;
}

}  // namespace sallyport
