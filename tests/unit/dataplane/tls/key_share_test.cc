#include "dataplane/tls/key_share.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/provider.h>

#include <array>
#include <memory>
#include <string>

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/own_provider.h"

namespace sallyport {
namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;
using KeymgmtPtr = std::unique_ptr<EVP_KEYMGMT, OpensslFree<EVP_KEYMGMT_free>>;
using Half = std::array<unsigned char, 32>;

constexpr const char* kOwn = "provider=sallyport";
constexpr const char* kOpensslsOwn = "provider=default";

EvpPkeyPtr new_key(const char* by) {
  ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", by));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1) return nullptr;
  EVP_PKEY_keygen(context.get(), &key);
  return EvpPkeyPtr(key);
}

std::string provider_of(const char* query) {
  KeymgmtPtr found(EVP_KEYMGMT_fetch(nullptr, "X25519", query));
  return found ? OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(found.get())) : "";
}

Half half_of(EVP_PKEY* key, int (*get)(const EVP_PKEY*, unsigned char*, size_t*)) {
  Half half{};
  size_t size = half.size();
  EXPECT_EQ(get(key, half.data(), &size), 1);
  EXPECT_EQ(size, half.size());
  return half;
}

Half secret_of(EVP_PKEY* key) { return half_of(key, EVP_PKEY_get_raw_private_key); }
Half point_of(EVP_PKEY* key) { return half_of(key, EVP_PKEY_get_raw_public_key); }

Half shared(EVP_PKEY* own, EVP_PKEY* peer, const char* by) {
  Half made{};
  size_t size = made.size();
  ContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, by));
  EXPECT_EQ(EVP_PKEY_derive_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_derive_set_peer(context.get(), peer), 1);
  EXPECT_EQ(EVP_PKEY_derive(context.get(), made.data(), &size), 1);
  return made;
}

class KeyShare : public testing::Test {
 protected:
  void SetUp() override {
    if (!own_provider_query() || !key_shares()) GTEST_SKIP() << "OpenSSL here has others";
  }
};

TEST_F(KeyShare, IsWhatOpensslTakesForTlsAlone) {
  EXPECT_EQ(provider_of(own_provider_query()), "sallyport");
  EXPECT_EQ(provider_of(nullptr), "default");
  KeymgmtPtr other(EVP_KEYMGMT_fetch(nullptr, "X448", own_provider_query()));
  ASSERT_TRUE(other);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(other.get())), "default");
}

TEST_F(KeyShare, HasTheHalfThatOpensslMakesOfTheOther) {
  Half before{};
  for (int i = 0; i < 200; ++i) {
    EvpPkeyPtr key = new_key(kOwn);
    ASSERT_TRUE(key);
    Half secret = secret_of(key.get());
    EXPECT_NE(secret, before) << "each key is a new one";
    before = secret;
    EvpPkeyPtr same(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(),
                                                 secret.size()));
    ASSERT_TRUE(same);
    ASSERT_EQ(point_of(key.get()), point_of(same.get()));
  }
}

TEST_F(KeyShare, AgreesWithOneOfOpenssls) {
  EvpPkeyPtr ours = new_key(kOwn), theirs = new_key(kOpensslsOwn);
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(shared(ours.get(), theirs.get(), kOwn),
            shared(theirs.get(), ours.get(), kOpensslsOwn));
}

// As TLS does with what a peer has sent.
TEST_F(KeyShare, IsMadeOfParametersAndTheirPoint) {
  ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", own_provider_query()));
  ASSERT_EQ(EVP_PKEY_paramgen_init(context.get()), 1);
  EXPECT_LE(EVP_PKEY_CTX_set_group_name(context.get(), "x448"), 0);
  ASSERT_EQ(EVP_PKEY_CTX_set_group_name(context.get(), "x25519"), 1);
  EVP_PKEY* made = nullptr;
  ASSERT_EQ(EVP_PKEY_paramgen(context.get(), &made), 1);
  EvpPkeyPtr peer(made);
  EvpPkeyPtr theirs = new_key(kOpensslsOwn), ours = new_key(kOwn);
  Half point = point_of(theirs.get());
  ASSERT_EQ(EVP_PKEY_set1_encoded_public_key(peer.get(), point.data(), point.size()), 1);
  EXPECT_EQ(shared(ours.get(), peer.get(), own_provider_query()),
            shared(theirs.get(), ours.get(), kOpensslsOwn));
}

// Without its name in the list of groups the group would be gone.
TEST_F(KeyShare, IsAGroupOfTls) {
  SslCtxPtr context(SSL_CTX_new_ex(nullptr, own_provider_query(), TLS_method()));
  EXPECT_EQ(SSL_CTX_set1_groups_list(context.get(), "X25519:P-256:P-384"), 1);
}

}  // namespace
}  // namespace sallyport
