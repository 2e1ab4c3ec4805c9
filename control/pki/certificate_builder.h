// An X.509 certificate in the making: the fields that a CA's own and its leaves have in common.
#pragma once

#include <chrono>
#include <string>

#include "control/pki/certificate_names.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Any failure is remembered, later calls then do nothing, and sign() reports the first: the
/// callers read as the list of what stands in the certificate.
class CertificateBuilder {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  /// Version 3, with a random serial of 127 bits and `key` as its public key. Copies what it needs.
  CertificateBuilder(const CertificateNames& names, EVP_PKEY& key);

  void set_validity(TimePoint from, TimePoint to);
  /// Null: the certificate is its own issuer. Otherwise `issuer` must outlive this object.
  void set_issuer(X509* issuer);
  /// An extension with a value in OpenSSL's configuration language. REQUIRES: `value` is a constant
  /// of the program, never made of input; set_issuer() came before key identifiers.
  void add_extension(int nid, const char* value);
  void add_alternative_names(const CertificateNames& names);

  /// With SHA-256 and the issuer's key. The builder is of no use afterwards.
  Result<X509Ptr> sign(EVP_PKEY& issuer_key) &&;

 private:
  void require(bool good, const char* doing);
  void require(const Result<void>& result);

  X509Ptr certificate_;
  X509* issuer_;
  std::string error_;
};

}  // namespace sallyport
