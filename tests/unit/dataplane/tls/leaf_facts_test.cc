#include "dataplane/tls/leaf_facts.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "control/pki/certificate_authority.h"
#include "dataplane/tls/certificate.h"
#include "tests/fuzz/leaf_facts_rules.h"

namespace sallyport {
namespace {

constexpr std::chrono::hours kDay{24};

struct Pair {
  std::string crt, key;
};

Pair issue(KeyType type, const std::vector<std::string>& dns) {
  auto authority = CertificateAuthority::make({"CA", KeyType::EcdsaP256, {.duration = 2 * kDay}});
  IssueRequest request;
  request.key = type;
  request.names = {"common.example", dns, {}};
  request.validity.duration = kDay;
  auto issued = authority->issue(request);
  EXPECT_TRUE(issued);
  return {issued->tls_crt, std::string(issued->tls_key.view())};
}

std::string number_of(EVP_PKEY& key) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(&key, "priv", &number), 1);
  std::string bytes(32, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), 32);
  BN_clear_free(number);
  return bytes;
}

EvpPkeyPtr parsed_key(const std::string& pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return EvpPkeyPtr(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
}

// PEM of `key` with the private half of `other`, and all else as it was.
std::string with_private_half_of(EVP_PKEY& key, EVP_PKEY& other) {
  unsigned char* der = nullptr;
  int size = i2d_PrivateKey(&key, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  size_t at = text.find(number_of(key));
  EXPECT_NE(at, std::string::npos);
  text.replace(at, 32, number_of(other));
  BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), "EC PRIVATE KEY", "",
                reinterpret_cast<const unsigned char*>(text.data()),
                static_cast<long>(text.size()));
  char* data = nullptr;
  long written = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(written)};
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

std::shared_ptr<const Certificate> read_only(const std::string& crt, const std::string& key) {
  auto data = std::make_shared<SecretData>();
  data->tls_crt = crt;
  data->tls_key = key;
  auto read = Certificate::read(std::move(data));
  EXPECT_TRUE(read);
  return read ? *read : nullptr;
}

bool can_be_shown(const Certificate& certificate) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  SslPtr ssl(SSL_new(context.get()));
  return certificate.use_in(ssl.get());
}

// What the cheap reader does not look at.
TEST_P(LeafFactsOf, AreConfirmedByACheckOrTheCertificateIsNotShown) {
  Pair pair = issue(GetParam(), {"a.example"});
  auto good = read_only(pair.crt, pair.key);
  EXPECT_EQ(good->state(), Certificate::State::Unchecked);
  EXPECT_TRUE(good->check());
  EXPECT_EQ(good->state(), Certificate::State::Good);
  EXPECT_TRUE(can_be_shown(*good));

  auto half_a_chain = pair.crt + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  for (bool checked : {false, true}) {
    auto bad = read_only(half_a_chain, pair.key);
    if (checked) {
      EXPECT_FALSE(bad->check());
    }
    EXPECT_FALSE(can_be_shown(*bad)) << checked;
    EXPECT_EQ(bad->state(), Certificate::State::Bad);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, LeafFactsOf, testing::Values(KeyType::EcdsaP256, KeyType::Rsa2048));

// OpenSSL compares the public half that is written beside the private one.
TEST(Certificate, IsBadWhereThePrivateHalfIsOfAnotherKey) {
  Pair pair = issue(KeyType::EcdsaP256, {"a.example"}), other = issue(KeyType::EcdsaP256, {"b"});
  std::string swapped = with_private_half_of(*parsed_key(pair.key), *parsed_key(other.key));
  auto read = read_only(pair.crt, swapped);
  ASSERT_TRUE(read);
  auto found = read->check();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "tls.key does not fit the first certificate of tls.crt");
  EXPECT_FALSE(can_be_shown(*read));
  EXPECT_FALSE(Certificate::parse(pair.crt, swapped));
}

TEST(LeafFacts, OfTheFuzzersCorpusAreOpensslsOrNone) {
  size_t taken = 0, read = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/leaf_facts")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string input{std::istreambuf_iterator<char>(file), {}};
    SCOPED_TRACE(entry.path().filename());
    LeafInput texts(input);
    check_leaf_facts(texts.crt, texts.key);
    taken += Certificate::parse(texts.crt, texts.key).ok();
    read += read_leaf(texts.crt, texts.key).has_value();
  }
  EXPECT_GE(taken, 13u);
  EXPECT_GE(read, 9u);
}

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
