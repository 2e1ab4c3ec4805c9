#include "control/pki/authority.h"

#include <openssl/x509v3.h>

#include <ctime>
#include <utility>

#include "control/pki/certificate_builder.h"

namespace sallyport {
namespace {

using Clock = std::chrono::system_clock;

/// How far a peer's clock may be behind ours.
constexpr std::chrono::minutes kClockSkewMax{5};

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
  const bool encrypts = request.key == KeyType::Rsa2048 && request.use != CertificateUse::Client;
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

bool outlives(Clock::time_point end, X509& authority) {
  time_t at = Clock::to_time_t(end);
  return X509_cmp_time(X509_get0_notAfter(&authority), &at) < 0;
}

}  // namespace

Result<Authority> Authority::make(const AuthorityRequest& request) {
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
  return Authority(*std::move(key), *std::move(certificate), *std::move(pem));
}

Result<IssuedSecret> Authority::issue(const IssueRequest& request) const {
  if (auto checked = check_request(request); !checked) return checked.error();
  const Clock::time_point end = request.validity.now + request.validity.duration;
  if (outlives(end, *certificate_)) {
    return Error{"the certificate would be valid for longer than its authority: shorten its "
                 "duration"};
  }
  Result<EvpPkeyPtr> key = generate_key(request.key);
  if (!key) return key.error();

  CertificateBuilder builder(request.names, **key);
  builder.set_validity(request.validity.now - kClockSkewMax, end);
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
  Result<SecretText> key_text = key_pem(**key);
  if (!key_text) return key_text.error();
  return IssuedSecret{*std::move(crt), *std::move(key_text), pem_};
}

}  // namespace sallyport
