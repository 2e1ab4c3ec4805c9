#include "dataplane/tls/client_outcome.h"

#include <openssl/x509_vfy.h>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr ClientOutcome kOutcomes[] = {
    // verdict                          name                 opt.   no_ca  req.   status alert
    {ClientVerdict::None,               "none",              true,  true,  false, 496, 116},
    {ClientVerdict::Good,               "good",              true,  true,  true,  200, 0},
    {ClientVerdict::UnknownIssuer,      "unknown_issuer",    false, true,  false, 495, 48},
    {ClientVerdict::Expired,            "expired",           false, false, false, 495, 45},
    {ClientVerdict::NotYetValid,        "not_yet_valid",     false, false, false, 495, 42},
    {ClientVerdict::Revoked,            "revoked",           false, false, false, 495, 44},
    {ClientVerdict::RevocationUnknown,  "revocation_unknown", false, false, false, 495, 42},
    {ClientVerdict::TooDeep,            "too_deep",          false, false, false, 495, 42},
    {ClientVerdict::WrongUse,           "wrong_use",         false, false, false, 495, 42},
    {ClientVerdict::Bad,                "bad",               false, false, false, 495, 42},
    {ClientVerdict::NotMatched,         "not_matched",       false, false, false, 403, 42},
};

}  // namespace

std::span<const ClientOutcome> client_outcomes() { return kOutcomes; }

const ClientOutcome& outcome_of(ClientVerdict verdict) {
  const ClientOutcome& outcome = kOutcomes[static_cast<size_t>(verdict)];
  DCHECK(outcome.verdict == verdict);
  return outcome;
}

bool lets_in(VerifyClient verify, ClientVerdict verdict) {
  const ClientOutcome& outcome = outcome_of(verdict);
  switch (verify) {
    case VerifyClient::Off: return true;
    case VerifyClient::Optional: return outcome.optional;
    case VerifyClient::OptionalNoCa: return outcome.optional_no_ca;
    case VerifyClient::Required: return outcome.required;
  }
  return false;
}

ClientVerdict verdict_of_error(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return ClientVerdict::UnknownIssuer;
    case X509_V_ERR_CERT_HAS_EXPIRED: return ClientVerdict::Expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return ClientVerdict::NotYetValid;
    case X509_V_ERR_CERT_REVOKED: return ClientVerdict::Revoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR: return ClientVerdict::RevocationUnknown;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return ClientVerdict::TooDeep;
    case X509_V_ERR_INVALID_PURPOSE: return ClientVerdict::WrongUse;
    default: return ClientVerdict::Bad;
  }
}

int error_with_alert(uint8_t alert) {
  switch (alert) {
    case 44: return X509_V_ERR_CERT_REVOKED;
    case 45: return X509_V_ERR_CERT_HAS_EXPIRED;
    case 48: return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
    default: return X509_V_ERR_CERT_REJECTED;  // 42
  }
}

}  // namespace sallyport
