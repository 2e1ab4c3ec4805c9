#include "dataplane/tls/client_outcome.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

namespace sallyport {
namespace {

TEST(ClientOutcome, EachVerdictHasItsRow) {
  size_t i = 0;
  for (const ClientOutcome& outcome : client_outcomes()) {
    EXPECT_EQ(static_cast<size_t>(outcome.verdict), i++) << outcome.name;
    EXPECT_EQ(&outcome_of(outcome.verdict), &outcome);
  }
  EXPECT_EQ(i, static_cast<size_t>(ClientVerdict::NotMatched) + 1);
}

TEST(ClientOutcome, OnlyAGoodCertificateIsLetInEverywhere) {
  for (const ClientOutcome& outcome : client_outcomes()) {
    bool good = outcome.verdict == ClientVerdict::Good;
    bool none = outcome.verdict == ClientVerdict::None;
    bool unknown = outcome.verdict == ClientVerdict::UnknownIssuer;
    EXPECT_TRUE(lets_in(VerifyClient::Off, outcome.verdict));
    EXPECT_EQ(lets_in(VerifyClient::Required, outcome.verdict), good) << outcome.name;
    EXPECT_EQ(lets_in(VerifyClient::Optional, outcome.verdict), good || none) << outcome.name;
    EXPECT_EQ(lets_in(VerifyClient::OptionalNoCa, outcome.verdict), good || none || unknown)
        << outcome.name;
  }
}

TEST(ClientOutcome, ErrorsOfOpensslHaveAVerdict) {
  struct {
    int error;
    ClientVerdict verdict;
    uint8_t alert;
  } rows[] = {
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, ClientVerdict::UnknownIssuer, 48},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, ClientVerdict::UnknownIssuer, 48},
      {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, ClientVerdict::UnknownIssuer, 48},
      {X509_V_ERR_CERT_HAS_EXPIRED, ClientVerdict::Expired, 45},
      {X509_V_ERR_CERT_NOT_YET_VALID, ClientVerdict::NotYetValid, 42},
      {X509_V_ERR_CERT_REVOKED, ClientVerdict::Revoked, 44},
      {X509_V_ERR_UNABLE_TO_GET_CRL, ClientVerdict::RevocationUnknown, 42},
      {X509_V_ERR_CRL_HAS_EXPIRED, ClientVerdict::RevocationUnknown, 42},
      {X509_V_ERR_CERT_CHAIN_TOO_LONG, ClientVerdict::TooDeep, 42},
      {X509_V_ERR_INVALID_PURPOSE, ClientVerdict::WrongUse, 42},
      {X509_V_ERR_CERT_SIGNATURE_FAILURE, ClientVerdict::Bad, 42},
      {X509_V_ERR_UNSPECIFIED, ClientVerdict::Bad, 42},
  };
  for (const auto& row : rows) {
    const char* words = X509_verify_cert_error_string(row.error);
    EXPECT_EQ(verdict_of_error(row.error), row.verdict) << words;
    EXPECT_EQ(outcome_of(verdict_of_error(row.error)).alert, row.alert) << words;
  }
}

}  // namespace
}  // namespace sallyport
