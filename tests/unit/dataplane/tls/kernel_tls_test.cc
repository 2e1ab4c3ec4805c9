#include "dataplane/tls/kernel_tls.h"

#include <gtest/gtest.h>
#include <linux/tls.h>

#include <set>
#include <string>

#include "dataplane/model/kernel_tls.h"
#include "dataplane/tls/backend_context.h"

namespace sallyport {
namespace {

TEST(KernelTls, ParametersAreAsLongAsTheirCipherSays) {
  struct Case {
    uint16_t cipher;
    size_t size;
  };
  for (Case c : {Case{TLS_CIPHER_AES_GCM_128, sizeof(tls12_crypto_info_aes_gcm_128)},
                 Case{TLS_CIPHER_AES_GCM_256, sizeof(tls12_crypto_info_aes_gcm_256)},
                 Case{TLS_CIPHER_CHACHA20_POLY1305, sizeof(tls12_crypto_info_chacha20_poly1305)},
                 Case{0xffff, 0}}) {
    tls12_crypto_info_aes_gcm_256 info{};
    info.info.cipher_type = c.cipher;
    EXPECT_EQ(kernel_tls_parameters(&info).size(), c.size) << c.cipher;
  }
}

TEST(KernelTls, EachReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kKernelTlsFaults; ++i) names.insert(name(static_cast<KernelTlsFault>(i)));
  EXPECT_EQ(names.size(), kKernelTlsFaults);
}

TEST(KernelTls, BackendsGetItAsTheirPolicySays) {
  BackendTls policy;
  policy.verify = VerifyBackend::None;
  std::set<std::string> keys;
  auto offered = [&](std::optional<KernelTls> word, bool spliced) {
    policy.kernel_tls = word;
    keys.insert(BackendContext::key(policy, nullptr));
    auto context = BackendContext::make(policy, nullptr, 1);
    EXPECT_TRUE(context);
    return (*context)->kernel_tls(spliced);
  };
  EXPECT_EQ(offered(KernelTls::On, true), KernelTlsUse::Both);
  EXPECT_EQ(offered(KernelTls::On, false), KernelTlsUse::Both);
  EXPECT_EQ(offered(KernelTls::Auto, true), KernelTlsUse::Sending);
  EXPECT_EQ(offered(KernelTls::Auto, false), KernelTlsUse::None);
  EXPECT_EQ(offered(KernelTls::Off, true), KernelTlsUse::None);
  EXPECT_EQ(offered(std::nullopt, true), KernelTlsUse::None);
  // Kept connections, which are a policy's, are of one word only.
  EXPECT_EQ(keys.size(), 3u);
}

}  // namespace
}  // namespace sallyport
