#include "dataplane/tls/key_schedule.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/own_provider.h"

namespace sallyport {
namespace {

using KdfPtr = std::unique_ptr<EVP_KDF, OpensslFree<EVP_KDF_free>>;
using ContextPtr = std::unique_ptr<EVP_KDF_CTX, OpensslFree<EVP_KDF_CTX_free>>;
using Text = std::optional<std::string>;

constexpr const char* kOwn = "provider=sallyport";
constexpr const char* kOpensslsOwn = "provider=default";

struct Wish {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string digest = "SHA256";
  Text key, salt, label, data;
  size_t size = 32;
};

// The bytes; none where it was refused.
std::string derived(const char* by, Wish wish) {
  KdfPtr kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, by));
  if (!kdf) return "no provider";
  ContextPtr context(EVP_KDF_CTX_new(kdf.get()));
  std::string prefix = "tls13 ";
  OSSL_PARAM parameters[8];
  size_t n = 0;
  auto octets = [&](const char* name, Text& text) {
    if (text) parameters[n++] = OSSL_PARAM_construct_octet_string(name, text->data(), text->size());
  };
  Text some_prefix = prefix;
  parameters[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &wish.mode);
  parameters[n++] =
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, wish.digest.data(), 0);
  octets(OSSL_KDF_PARAM_KEY, wish.key);
  octets(OSSL_KDF_PARAM_SALT, wish.salt);
  octets(OSSL_KDF_PARAM_PREFIX, some_prefix);
  octets(OSSL_KDF_PARAM_LABEL, wish.label);
  octets(OSSL_KDF_PARAM_DATA, wish.data);
  parameters[n] = OSSL_PARAM_construct_end();
  std::string out(wish.size, '\0');
  bool good = EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                             out.size(), parameters) == 1;
  return good ? out : "";
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

class KeySchedule : public testing::Test {
 protected:
  void SetUp() override {
    if (!own_provider_query()) GTEST_SKIP() << "OpenSSL here is not its default provider's";
  }

  std::mt19937 random_{20261122};
  std::string some(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }
};

TEST_F(KeySchedule, IsWhatOpensslTakesForTls) {
  KdfPtr kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, own_provider_query()));
  ASSERT_TRUE(kdf);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get())), "sallyport");
  // And for nothing else.
  KdfPtr other(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, own_provider_query()));
  ASSERT_TRUE(other);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(other.get())), "default");
}

TEST_F(KeySchedule, OverrulesNoDefaultProperties) {
  ASSERT_EQ(EVP_set_default_properties(nullptr, "provider=nobodys"), 1);
  for (const char* algorithm : {OSSL_KDF_NAME_TLS1_3_KDF, OSSL_KDF_NAME_HKDF}) {
    KdfPtr kdf(EVP_KDF_fetch(nullptr, algorithm, own_provider_query()));
    EXPECT_FALSE(kdf) << algorithm;
  }
  ASSERT_EQ(EVP_set_default_properties(nullptr, nullptr), 1);
}

// RFC 8448 section 3.
TEST_F(KeySchedule, DerivesTheSecretsOfTheExample) {
  Wish early{EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA256", {}, {}, "derived", {}, 32};
  std::string early_secret = derived(kOwn, early);
  EXPECT_EQ(early_secret,
            from_hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"));
  Wish handshake = early;
  handshake.salt = early_secret;
  handshake.key = from_hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
  std::string handshake_secret = derived(kOwn, handshake);
  EXPECT_EQ(handshake_secret,
            from_hex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"));
  std::string of_nothing =
      from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Wish next{EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", early_secret, {}, "derived", of_nothing, 32};
  EXPECT_EQ(derived(kOwn, next),
            from_hex("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"));
}

TEST_F(KeySchedule, SaysWhatOpensslSays) {
  for (int i = 0; i < 2000; ++i) {
    Wish wish;
    bool large = random_() % 2;
    wish.digest = large ? "SHA2-384" : "SHA2-256";
    size_t hash = large ? 48 : 32;
    if (random_() % 2) {
      wish.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
      wish.size = hash;
      if (random_() % 2) wish.key = some(1 + random_() % 200);
      if (random_() % 2) wish.salt = some(hash);
      wish.label = "derived";
    } else {
      wish.size = 1 + random_() % 300;
      wish.key = some(1 + random_() % 200);  // longer than a block of the hash, too
      wish.label = some(random_() % 249);
      if (random_() % 2) wish.data = some(random_() % 256);
    }
    std::string expected = derived(kOpensslsOwn, wish);
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(derived(kOwn, wish), expected) << i;
  }
}

TEST_F(KeySchedule, RefusesWhatItCannotDerive) {
  const Wish good{EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", some(32), {}, "label", some(32), 32};
  ASSERT_EQ(derived(kOwn, good).size(), 32u);
  auto refuses = [&](auto change) {
    Wish wish = good;
    change(wish);
    return derived(kOwn, wish).empty();
  };
  EXPECT_TRUE(refuses([](Wish& w) { w.digest = "SHA512"; }));
  EXPECT_TRUE(refuses([](Wish& w) { w.digest = ""; }));
  EXPECT_TRUE(refuses([](Wish& w) { w.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND; }));
  EXPECT_TRUE(refuses([](Wish& w) { w.mode = 7; }));
  EXPECT_TRUE(refuses([](Wish& w) { w.key = {}; }));
  EXPECT_TRUE(refuses([&](Wish& w) { w.label = some(250); }));
  EXPECT_TRUE(refuses([&](Wish& w) { w.data = some(256); }));
  EXPECT_TRUE(refuses([](Wish& w) { w.size = 255 * 32 + 1; }));
  EXPECT_FALSE(refuses([](Wish& w) { w.size = 255 * 32; }));
  EXPECT_TRUE(refuses([](Wish& w) {
    w.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    w.size = 31;
  }));
}

}  // namespace
}  // namespace sallyport
