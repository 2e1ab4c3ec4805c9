#include "dataplane/tls/client_identity.h"

#include <gtest/gtest.h>

#include "dataplane/tls/certificate.h"
#include "dataplane/tls/client_match.h"
#include "dataplane/tls/client_names.h"
#include "tests/unit/dataplane/tls/client_certificates.h"

namespace sallyport {
namespace {

class ClientIdentityTest : public testing::Test {
 protected:
  X509Ptr issue(const CertificateAuthority& by, CertificateUse use = CertificateUse::Client) {
    return client_certificate(by, "alice", use);
  }
  ClientDemand demand(VerifyClient verify, ClientMatch match = {}) {
    ClientDemand d;
    d.verify = verify;
    d.trust = *ClientTrust::make(ours_.certificate_pem(), "", 1, CrlCheck::Auto);
    d.match = std::move(match);
    return d;
  }
  CertificateAuthority ours_ = authority_of_clients("ours");
  CertificateAuthority theirs_ = authority_of_clients("theirs");
};

TEST_F(ClientIdentityTest, SaysWhoIsThere) {
  X509Ptr alice = issue(ours_);
  ClientIdentity identity = identify(alice.get(), nullptr, demand(VerifyClient::Required));
  EXPECT_EQ(identity.verdict, ClientVerdict::Good);
  EXPECT_TRUE(identity.let_in);
  EXPECT_EQ(identity.common_name, "alice");
  ASSERT_EQ(identity.fields.size(), 3u);
  EXPECT_EQ(identity.fields[0].second, "SUCCESS");
  EXPECT_EQ(identity.fields[1].second, "CN=alice");
  EXPECT_EQ(identity.fields[2].second, "CN=ours");
}

TEST_F(ClientIdentityTest, ForgivesAnUnknownIssuerAndNothingElse) {
  X509Ptr stranger = issue(theirs_), server = issue(theirs_, CertificateUse::Server);
  ClientDemand no_ca = demand(VerifyClient::OptionalNoCa);
  EXPECT_TRUE(identify(stranger.get(), nullptr, no_ca).let_in);
  EXPECT_EQ(identify(stranger.get(), nullptr, no_ca).verdict, ClientVerdict::UnknownIssuer);
  EXPECT_EQ(identify(server.get(), nullptr, no_ca).verdict, ClientVerdict::WrongUse);
  EXPECT_FALSE(identify(server.get(), nullptr, no_ca).let_in);
  EXPECT_FALSE(identify(stranger.get(), nullptr, demand(VerifyClient::Optional)).let_in);
  // What is not verified must not look like it, in forms that have no word for it.
  for (ClientFields as : {ClientFields::Xfcc, ClientFields::Rfc9440}) {
    no_ca.pass.as = as;
    EXPECT_TRUE(identify(stranger.get(), nullptr, no_ca).fields.empty());
    EXPECT_TRUE(identify(nullptr, nullptr, no_ca).fields.empty());
  }
}

TEST_F(ClientIdentityTest, WithoutACertificateNothingMatches) {
  ClientMatch match;
  match.cn = {"alice"};
  EXPECT_EQ(identify(nullptr, nullptr, demand(VerifyClient::Required, match)).verdict,
            ClientVerdict::None);
  EXPECT_EQ(identify(nullptr, nullptr, demand(VerifyClient::Optional, match)).verdict,
            ClientVerdict::NotMatched);
  EXPECT_TRUE(identify(nullptr, nullptr, demand(VerifyClient::Optional)).let_in);
}

TEST_F(ClientIdentityTest, MatchesWholeValues) {
  X509Ptr alice = issue(ours_);
  auto dns = [&](const char* pattern) {
    ClientMatch match;
    match.dns = {pattern};
    return matches(match, alice.get(), "CN=alice");
  };
  EXPECT_TRUE(dns("alice.staff.example.com"));
  EXPECT_TRUE(dns("*.staff.example.com"));
  for (const char* other : {"staff.example.com", "*.example.com", "lice.staff.example.com",
                            "alice.staff.example.co", "*.alice.staff.example.com", "alice"}) {
    EXPECT_FALSE(dns(other)) << other;
  }
  ClientMatch match;
  match.cn = {"bob", "alice"};
  match.fingerprint_sha256 = {sha256_hex(alice.get())};
  EXPECT_TRUE(matches(match, alice.get(), "CN=alice"));
  match.ou = {"staff"};
  EXPECT_FALSE(matches(match, alice.get(), "CN=alice"));
}

TEST_F(ClientIdentityTest, PatternsAreOfWholeCommonNamesOrOfAnyPartOfTheSubject) {
  X509Ptr alice = issue(ours_);
  auto cn = [&](const char* pattern) {
    ClientMatch match;
    match.cn_pattern = {pattern};
    return matches(match, alice.get(), "CN=alice,O=Example");
  };
  EXPECT_TRUE(cn("alice"));
  EXPECT_TRUE(cn("bob|al.*"));
  for (const char* other : {"lice", "alic", "Alice", "alice,O=Example", "(", ""}) {
    EXPECT_FALSE(cn(other)) << other;
  }
  auto subject = [&](const char* pattern) {
    ClientMatch match;
    match.subject_pattern = {pattern};
    return matches(match, alice.get(), "CN=alice,O=Example");
  };
  for (const char* good : {"CN=alice", "CN=al", "O=Ex", "^CN=alice,O=Example$", ""}) {
    EXPECT_TRUE(subject(good)) << good;
  }
  for (const char* bad : {"CN=bob", "^O=", "cn=alice", "("}) EXPECT_FALSE(subject(bad)) << bad;
}

}  // namespace
}  // namespace sallyport
