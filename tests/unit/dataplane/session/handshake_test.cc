#include "dataplane/session/handshake.h"

#include <gtest/gtest.h>

#include "dataplane/tls/client_outcome.h"

namespace sallyport {
namespace {

// The layers of both do not know each other.
TEST(Handshake, VerdictsAreCalledTheSameInMetricsAsInTheTable) {
  ASSERT_EQ(client_outcomes().size(), kClientVerdicts);
  for (size_t i = 0; i < kClientVerdicts; ++i) {
    EXPECT_STREQ(client_verdict_name(i), client_outcomes()[i].name);
  }
}

TEST(Handshake, WhatWasWrongWithABackendIsCountedByItsName) {
  struct {
    HandshakeFailure failure;
    const char* name;
  } rows[] = {
      {{HandshakeFault::PeerLeft, ""}, "peer_left"},
      {{HandshakeFault::Version, ""}, "version"},
      {{HandshakeFault::Algorithms, ""}, "algorithms"},
      {{HandshakeFault::Alpn, ""}, "alpn"},
      {{HandshakeFault::PeerRefusesCertificate, ""}, "peer_refuses_certificate"},
      {{HandshakeFault::PeerAlert, ""}, "peer_alert"},
      {{HandshakeFault::OwnCertificate, ""}, "own_certificate"},
      {{HandshakeFault::Protocol, ""}, "protocol"},
      {{HandshakeFault::CertificateMissing, ""}, "certificate_missing"},
      {{HandshakeFault::CertificateRejected, "", ClientVerdict::UnknownIssuer},
       "certificate_unknown_issuer"},
      {{HandshakeFault::CertificateRejected, "", ClientVerdict::Expired}, "certificate_expired"},
      {{HandshakeFault::CertificateRejected, "", ClientVerdict::NotMatched},
       "certificate_not_matched"},
  };
  for (const auto& row : rows) {
    auto metrics = std::make_unique<WorkerMetrics>();
    count_backend_failure(*metrics, row.failure);
    for (size_t e = 0; e < kHandshakeErrors; ++e) {
      const char* called = name(static_cast<HandshakeError>(e));
      EXPECT_EQ(metrics->tls.backend_errors[e].value(), std::string_view(called) == row.name)
          << called;
    }
  }
}

}  // namespace
}  // namespace sallyport
