#include "control/pki/certificate_authority.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "control/pki/certificate_builder.h"
#include "control/pki/certificate_text.h"

namespace sallyport {
namespace {

using Clock = std::chrono::system_clock;

Result<void> check_validity(const Validity& validity) {
  if (validity.duration.count() > 0) return {};
  return Error{"a certificate's duration must be longer than zero"};
}

const char* extended_key_usage(CertificateUse use) {
  switch (use) {
    case CertificateUse::Server: return "serverAuth";
    case CertificateUse::Client: return "clientAuth";
    case CertificateUse::ServerAndClient: return "serverAuth,clientAuth";
  }
  return "";
}

/// Only RSA keys may be used to encrypt (the RSA key exchange of TLS 1.2, RFC 5246 section 7.4.2).
const char* key_usage(const IssueRequest& request) {
  const bool encrypts = is_rsa(request.key) && request.use != CertificateUse::Client;
  return encrypts ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
}

Result<void> check_request(const IssueRequest& request) {
  const CertificateNames& names = request.names;
  if (request.use != CertificateUse::Client && names.dns_names.empty() && names.ips.empty()) {
    return Error{"the server certificate for \"" + names.common_name +
                 "\" needs a DNS name or an IP address: clients do not look at the common name"};
  }
  if (auto checked = check_names(names); !checked) return checked;
  return check_validity(request.validity);
}

// An authority below another one would have to send its own certificate along with each that it
// issues; roots need not.
const char* fault_of_root(X509& certificate) {
  if (X509_check_ca(&certificate) == 0) return "is no certificate of an authority";
  if ((X509_get_key_usage(&certificate) & KU_KEY_CERT_SIGN) == 0) return "may not sign others";
  if (X509_self_signed(&certificate, 1) != 1) {
    return "is not self-signed: certificates can be issued by a root only";
  }
  return nullptr;
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::make(const AuthorityRequest& request) {
  const CertificateNames names{.common_name = request.common_name, .dns_names = {}, .ips = {}};
  if (auto checked = check_names(names); !checked) return checked.error();
  if (auto checked = check_validity(request.validity); !checked) return checked.error();
  Result<EvpPkeyPtr> key = generate_key(request.key);
  if (!key) return key.error();

  CertificateBuilder builder(names, **key);
  const Validity& validity = request.validity;
  builder.set_validity(validity.now - kClockSkewMax, validity.now + validity.duration);
  builder.set_issuer(nullptr);
  builder.add_extension(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  builder.add_extension(NID_key_usage, "critical,keyCertSign,cRLSign");
  builder.add_extension(NID_subject_key_identifier, "hash");
  Result<X509Ptr> certificate = std::move(builder).sign(**key);
  if (!certificate) return certificate.error();
  Result<std::string> pem = sallyport::certificate_pem(**certificate);
  if (!pem) return pem.error();
  return CertificateAuthority(*std::move(key), *std::move(certificate), *std::move(pem));
}

Result<CertificateAuthority> CertificateAuthority::parse(std::string_view crt,
                                                         std::string_view key) {
  Result<X509Ptr> certificate = parse_certificate(crt);
  if (!certificate) return Error{"ca.crt " + certificate.error().message};
  const char* fault = fault_of_root(**certificate);
  ERR_clear_error();
  if (fault != nullptr) return Error{std::string("ca.crt ") + fault};
  Result<EvpPkeyPtr> parsed = parse_key(key);
  if (!parsed) return Error{"ca.key " + parsed.error().message};
  if (X509_check_private_key(certificate->get(), parsed->get()) != 1) {
    ERR_clear_error();
    return Error{"ca.key does not fit ca.crt"};
  }
  Result<std::string> pem = sallyport::certificate_pem(**certificate);
  if (!pem) return pem.error();
  return CertificateAuthority(*std::move(parsed), *std::move(certificate), *std::move(pem));
}

Result<IssuedSecret> CertificateAuthority::issue(const IssueRequest& request) const {
  if (auto checked = check_request(request); !checked) return checked.error();
  const Clock::time_point last = request.validity.now + request.validity.duration;
  // What is written has whole seconds.
  if (std::chrono::floor<std::chrono::seconds>(last) > end()) {
    return Error{"the certificate would be valid for longer than its authority, which ends at " +
                 time_text(end()) + ": shorten its duration"};
  }
  Result<EvpPkeyPtr> key = generate_key(request.key);
  if (!key) return key.error();

  CertificateBuilder builder(request.names, **key);
  builder.set_validity(request.validity.now - kClockSkewMax, last);
  builder.set_issuer(certificate_.get());
  builder.add_extension(NID_basic_constraints, "critical,CA:FALSE");
  builder.add_extension(NID_key_usage, key_usage(request));
  builder.add_extension(NID_ext_key_usage, extended_key_usage(request.use));
  builder.add_alternative_names(request.names);
  builder.add_extension(NID_subject_key_identifier, "hash");
  builder.add_extension(NID_authority_key_identifier, "keyid:always");
  Result<X509Ptr> certificate = std::move(builder).sign(*key_);
  if (!certificate) return certificate.error();

  Result<std::string> crt = sallyport::certificate_pem(**certificate);
  if (!crt) return crt.error();
  Result<SecretText> key_text = sallyport::key_pem(**key);
  if (!key_text) return key_text.error();
  return IssuedSecret{*std::move(crt), *std::move(key_text), pem_};
}

bool CertificateAuthority::has_issued(X509& certificate) const {
  const bool issued = X509_NAME_cmp(X509_get_issuer_name(&certificate),
                                    X509_get_subject_name(certificate_.get())) == 0 &&
                      X509_verify(&certificate, key_.get()) == 1;
  ERR_clear_error();
  return issued;
}

bool CertificateAuthority::sign(X509_CRL& list) const {
  return X509_CRL_sign(&list, key_.get(), EVP_sha256()) > 0;
}

Clock::time_point CertificateAuthority::end() const {
  return time_of(*X509_get0_notAfter(certificate_.get()));
}

}  // namespace sallyport
