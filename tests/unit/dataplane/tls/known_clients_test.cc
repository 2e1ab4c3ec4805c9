#include "dataplane/tls/known_clients.h"

#include <gtest/gtest.h>

#include "control/pki/revocation_list.h"
#include "dataplane/tls/client_names.h"
#include "tests/unit/dataplane/tls/client_certificates.h"

namespace sallyport {
namespace {

using std::chrono::minutes;

class KnownClientsTest : public testing::Test {
 protected:
  static ClientDemand demand(const CertificateAuthority& by, const char* content) {
    ClientDemand d;
    d.trust = *ClientTrust::make(by.certificate_pem(), "", 1, CrlCheck::Auto);
    d.content = content;
    return d;
  }
  static std::shared_ptr<const ClientIdentity> somebody() {
    return std::make_shared<const ClientIdentity>();
  }
  KnownClients clients_;
  CertificateAuthority ours_ = authority_of_clients("ours");
};

TEST_F(KnownClientsTest, KnowsACertificateUnderTheDemandItWasJudgedBy) {
  X509Ptr alice = client_certificate(ours_, "alice"), bob = client_certificate(ours_, "bob");
  ClientDemand staff = demand(ours_, "staff"), partners = demand(ours_, "partners");
  auto identity = somebody();
  clients_.remember(KnownClients::key(staff, der_of(alice.get())), identity, 100, 200);
  EXPECT_EQ(clients_.find(KnownClients::key(staff, der_of(alice.get())), 150), identity);
  EXPECT_EQ(clients_.find(KnownClients::key(staff, der_of(bob.get())), 150), nullptr);
  EXPECT_EQ(clients_.find(KnownClients::key(partners, der_of(alice.get())), 150), nullptr);
  // The same leaf with another chain may be judged otherwise.
  std::string chain = der_of(alice.get()) + der_of(bob.get());
  EXPECT_EQ(clients_.find(KnownClients::key(staff, chain), 150), nullptr);
}

TEST_F(KnownClientsTest, ForgetsWhoExpiresAndDoesNotTrustAClockThatWasSetBack) {
  clients_.remember("alice", somebody(), 100, 200);
  EXPECT_EQ(clients_.find("alice", 200), nullptr);
  EXPECT_EQ(clients_.find("alice", 150), nullptr);  // forgotten for good
  clients_.remember("alice", somebody(), 100, 200);
  EXPECT_EQ(clients_.find("alice", 99), nullptr);
  clients_.remember("bob", somebody(), 100, 100);
  EXPECT_EQ(clients_.find("bob", 100), nullptr);
}

TEST_F(KnownClientsTest, IsBounded) {
  for (size_t i = 0; i < 3 * KnownClients::kMost; ++i) {
    clients_.remember(std::to_string(i), somebody(), 100, 200);
  }
  size_t known = 0;
  for (size_t i = 0; i < 3 * KnownClients::kMost; ++i) {
    known += clients_.find(std::to_string(i), 150) != nullptr;
  }
  EXPECT_LE(known, KnownClients::kMost);
  EXPECT_GT(known, 0u);
}

TEST_F(KnownClientsTest, AClientIsGoodUntilItsCertificateOrTheListExpires) {
  std::time_t now = time(nullptr);
  X509Ptr alice = client_certificate(ours_, "alice");
  ClientIdentity identity = identify(alice.get(), nullptr, demand(ours_, "ours"));
  ASSERT_TRUE(identity.verified());
  EXPECT_NEAR(static_cast<double>(identity.good_until - now), 30 * 60, 120);

  ClientDemand listed = demand(ours_, "listed");
  Validity five_minutes{minutes(5), std::chrono::system_clock::now()};
  std::string list = *make_revocation_list(ours_, IssuedIndex(), 1, five_minutes);
  listed.trust = *ClientTrust::make(ours_.certificate_pem(), list, 1, CrlCheck::Auto);
  identity = identify(alice.get(), nullptr, listed);
  ASSERT_TRUE(identity.verified());
  EXPECT_NEAR(static_cast<double>(identity.good_until - now), 5 * 60, 120);
}

}  // namespace
}  // namespace sallyport
