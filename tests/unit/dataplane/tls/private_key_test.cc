#include "dataplane/tls/private_key.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <string>

#include "dataplane/tls/key_text.h"

namespace sallyport {
namespace {

enum class Form : uint8_t { Pkcs8, Own, OwnBehindParameters };

struct Kind {
  const char* name;
  EvpPkeyPtr (*make)();
  bool usual;  // KeyText knows it
};

EvpPkeyPtr ec(const char* curve) { return EvpPkeyPtr(EVP_EC_gen(curve)); }

const Kind kKinds[] = {
    {"P-256", [] { return ec("P-256"); }, true},
    {"P-384", [] { return ec("P-384"); }, true},
    {"P-521", [] { return ec("P-521"); }, true},
    {"another curve", [] { return ec("secp256k1"); }, true},
    {"RSA", [] { return EvpPkeyPtr(EVP_RSA_gen(2048)); }, true},
    {"Ed25519", [] { return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }, false},
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

std::string write(EVP_PKEY* key, Form form) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (form == Form::OwnBehindParameters) {
    BIO_puts(bio.get(), "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                        "-----END EC PARAMETERS-----\n");
  }
  if (form == Form::Pkcs8) {
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  }
  return text_of(bio.get());
}

// A signature by the one is the other's.
bool same_key(EVP_PKEY* a, EVP_PKEY* b) {
  std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>> sign(EVP_MD_CTX_new()),
      verify(EVP_MD_CTX_new());
  const unsigned char message[] = "whose is it";
  unsigned char signature[512];
  size_t size = sizeof signature;
  const char* digest = EVP_PKEY_is_a(a, "ED25519") ? nullptr : "SHA256";
  return EVP_DigestSignInit_ex(sign.get(), nullptr, digest, nullptr, nullptr, a, nullptr) == 1 &&
         EVP_DigestSign(sign.get(), signature, &size, message, sizeof message) == 1 &&
         EVP_DigestVerifyInit_ex(verify.get(), nullptr, digest, nullptr, nullptr, b, nullptr) ==
             1 &&
         EVP_DigestVerify(verify.get(), signature, size, message, sizeof message) == 1;
}

TEST(PrivateKey, IsReadWhateverItIs) {
  for (const Kind& kind : kKinds) {
    EvpPkeyPtr made = kind.make();
    ASSERT_TRUE(made) << kind.name;
    for (Form form : {Form::Pkcs8, Form::Own, Form::OwnBehindParameters}) {
      if (form != Form::Pkcs8 && !kind.usual) continue;
      if (form == Form::OwnBehindParameters && kind.name != std::string("P-256")) continue;
      std::string pem = write(made.get(), form);
      auto read = read_private_key(pem);
      ASSERT_TRUE(read) << kind.name << "\n" << pem;
      EXPECT_TRUE(same_key(read->key.get(), made.get())) << kind.name;
      EXPECT_EQ(EVP_PKEY_eq(read->key.get(), made.get()), 1) << kind.name;
      KeyText text(pem);
      EXPECT_EQ(text.ec() || text.rsa(), kind.usual) << kind.name;
      bool on_usual_curve = std::string_view(kind.name).starts_with("P-");
      EXPECT_EQ(read->halves == PrivateKey::Halves::Fit, on_usual_curve) << kind.name;
    }
  }
}

std::string bytes_of(EVP_PKEY* key, int (*encode)(const EVP_PKEY*, unsigned char**)) {
  unsigned char* der = nullptr;
  int size = encode(key, &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return bytes;
}

// Of two keys, one with the other's public half.
TEST(PrivateKey, IsForeignToThePublicHalfOfAnother) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    EvpPkeyPtr one = ec(curve), other = ec(curve);
    std::string text = bytes_of(one.get(), i2d_PrivateKey);
    std::string half = bytes_of(one.get(), i2d_PublicKey);
    size_t at = text.find(half);
    ASSERT_NE(at, std::string::npos) << curve;
    text.replace(at, half.size(), bytes_of(other.get(), i2d_PublicKey));
    BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio(bio.get(), "EC PRIVATE KEY", "",
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<long>(text.size()));
    auto read = read_private_key(text_of(bio.get()));
    ASSERT_TRUE(read) << curve;
    EXPECT_EQ(read->halves, PrivateKey::Halves::Foreign) << curve;
    EXPECT_FALSE(read->key) << curve;
  }
}

TEST(PrivateKey, IsNoneOfWhatIsCutOffOrElse) {
  std::string pem = write(ec("P-256").get(), Form::Pkcs8);
  for (size_t size = 0; size < pem.find("-----END"); size += 5) {
    EXPECT_FALSE(read_private_key(pem.substr(0, size))) << size;
  }
  for (const char* other : {"", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                            "-----END EC PARAMETERS-----\n"}) {
    auto read = read_private_key(other);
    ASSERT_FALSE(read) << other;
    EXPECT_EQ(read.error().message, "tls.key holds no PEM private key, or one that is encrypted");
  }
}

// What stands in front of a key, as some tools write it, is OpenSSL's to skip.
TEST(PrivateKey, MayStandBehindText) {
  EvpPkeyPtr made = ec("P-256");
  auto read = read_private_key("Key of nobody\n" + write(made.get(), Form::Pkcs8));
  ASSERT_TRUE(read);
  EXPECT_EQ(EVP_PKEY_eq(read->key.get(), made.get()), 1);
}

}  // namespace
}  // namespace sallyport
