#include "dataplane/tls/leaf_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "control/pki/authority.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {
namespace {

constexpr std::chrono::hours kDay{24};

struct Pair {
  std::string crt, key;
};

Pair issue(KeyType type, const std::vector<std::string>& dns) {
  auto authority = Authority::make({"CA", KeyType::EcdsaP256, {.duration = 2 * kDay}});
  IssueRequest request;
  request.key = type;
  request.names = {"common.example", dns, {}};
  request.validity.duration = kDay;
  auto issued = authority->issue(request);
  EXPECT_TRUE(issued);
  return {issued->tls_crt, std::string(issued->tls_key.view())};
}

class LeafFactsOf : public testing::TestWithParam<KeyType> {};

TEST_P(LeafFactsOf, AreWhatOpensslFinds) {
  Pair pair = issue(GetParam(), {"a.example", "*.b.example"});
  auto facts = read_leaf(pair.crt, pair.key);
  ASSERT_TRUE(facts);
  for (const char* name : {"a.example", "*.b.example"}) {
    EXPECT_EQ(std::count(facts->names.begin(), facts->names.end(), name), 1) << name;
  }
  auto certificate = Certificate::parse(pair.crt, pair.key);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(*facts, (*certificate)->facts());
  EXPECT_TRUE((*certificate)->check());
}

// The last bytes of a text are written in three ways.
TEST_P(LeafFactsOf, DoNotDependOnTheLength) {
  for (std::string name = "a.example"; name.size() < 15; name.insert(0, "x")) {
    Pair pair = issue(GetParam(), {name});
    EXPECT_TRUE(read_leaf(pair.crt, pair.key)) << name;
  }
}

TEST_P(LeafFactsOf, NeedTheKeyOfTheCertificate) {
  Pair pair = issue(GetParam(), {"a.example"}), other = issue(GetParam(), {"a.example"});
  EXPECT_FALSE(read_leaf(pair.crt, other.key));
  SecretData data;
  data.tls_crt = pair.crt;
  data.tls_key = other.key;
  auto read = Certificate::read(std::make_shared<const SecretData>(std::move(data)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "tls.key does not fit the first certificate of tls.crt");
}

TEST_P(LeafFactsOf, AreNoneOfWhatIsCutOff) {
  Pair pair = issue(GetParam(), {"a.example"});
  for (size_t size = 0; size < pair.crt.find("-----END"); size += 7) {
    EXPECT_FALSE(read_leaf(pair.crt.substr(0, size), pair.key)) << size;
  }
  for (size_t size = 0; size < pair.key.find("-----END"); size += 7) {
    EXPECT_FALSE(read_leaf(pair.crt, pair.key.substr(0, size))) << size;
  }
}

// Whatever is flipped, reading ends, and what it finds is OpenSSL's to confirm.
TEST_P(LeafFactsOf, AnyByteMayBeWrong) {
  Pair pair = issue(GetParam(), {"a.example"});
  for (size_t i = 0; i < pair.crt.size(); i += 3) {
    std::string crt = pair.crt;
    crt[i] = crt[i] == 'A' ? 'B' : 'A';
    read_leaf(crt, pair.key);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, LeafFactsOf,
                         testing::Values(KeyType::EcdsaP256, KeyType::Rsa2048));

TEST(CheckPair, SaysWhatIsMissing) {
  Pair pair = issue(KeyType::EcdsaP256, {"a.example", "*.b.example"});
  SecretData data;
  EXPECT_FALSE(check_pair(data, {}));
  data.tls_crt = pair.crt;
  data.tls_key = pair.key;
  EXPECT_TRUE(check_pair(data, {"a.example", "x.b.example", "*.b.example", "*"}));
  auto uncovered = check_pair(data, {"c.example"});
  ASSERT_FALSE(uncovered);
  EXPECT_EQ(uncovered.error().message,
            "the certificate does not cover \"c.example\" (it covers a.example, *.b.example)");
  EXPECT_FALSE(check_pair(data, {"x.y.b.example"}));
  EXPECT_FALSE(check_pair(data, {"*.a.example"}));
}

}  // namespace
}  // namespace sallyport
