#include "control/kube/certificate_glance.h"

#include <gtest/gtest.h>

#include "tests/unit/control/kube/cluster.h"

namespace sallyport::kube {
namespace {

bool serves(const IssuedSecret& crt, const IssuedSecret& key, const std::string& host) {
  return plainly_serves(crt.tls_crt, key.tls_key.view(), host);
}

TEST(CertificateGlance, SaysWhomACertificateIsFor) {
  const IssuedSecret& exact = TestPki::issued("a.example.com");
  const IssuedSecret& wild = TestPki::issued("*.example.com");
  EXPECT_TRUE(serves(exact, exact, "a.example.com"));
  EXPECT_TRUE(serves(exact, exact, "*"));
  EXPECT_TRUE(serves(wild, wild, "a.example.com"));
  EXPECT_TRUE(serves(wild, wild, "*.example.com"));
  for (const char* other : {"b.example.com", "example.com", "x.a.example.com", "*.example.com"}) {
    EXPECT_FALSE(serves(exact, exact, other)) << other;
  }
  EXPECT_FALSE(serves(wild, wild, "a.b.example.com"));
  EXPECT_FALSE(serves(wild, wild, "example.com"));
}

TEST(CertificateGlance, SaysWhetherTheKeyFits) {
  EXPECT_FALSE(serves(TestPki::issued("a.example.com"), TestPki::issued("b.example.com"), "*"));
  IssueRequest request;
  request.names.dns_names = {"rsa.example.com"};
  request.key = KeyType::Rsa2048;
  request.validity.duration = std::chrono::hours(1);
  auto rsa = TestPki::authority().issue(request);
  ASSERT_TRUE(rsa.ok());
  EXPECT_TRUE(serves(*rsa, *rsa, "rsa.example.com"));
  EXPECT_FALSE(serves(*rsa, TestPki::issued("a.example.com"), "rsa.example.com"));
}

// Of broken input it says nothing, and reads no byte that is not there.
TEST(CertificateGlance, KnowsNothingOfWhatIsCutOrChanged) {
  const IssuedSecret& good = TestPki::issued("a.example.com");
  for (size_t size = 0; size + 30 < good.tls_crt.size(); size += 7) {
    std::string cut = good.tls_crt.substr(0, size) + "\n-----END CERTIFICATE-----\n";
    (void)plainly_serves(cut, good.tls_key.view(), "a.example.com");
    EXPECT_FALSE(plainly_serves(good.tls_crt.substr(0, size), good.tls_key.view(), "*")) << size;
  }
  for (const char* junk :
       {"", "junk", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}) {
    EXPECT_FALSE(plainly_serves(junk, good.tls_key.view(), "*"));
    EXPECT_FALSE(plainly_serves(good.tls_crt, junk, "*"));
  }
}

}  // namespace
}  // namespace sallyport::kube
