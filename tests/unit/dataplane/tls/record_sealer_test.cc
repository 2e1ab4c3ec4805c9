#include "dataplane/tls/record_sealer.h"

#include <gtest/gtest.h>
#include <linux/tls.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {
namespace {

std::vector<uint8_t> unhex(std::string_view text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string hex(Bytes bytes) {
  std::string text;
  for (uint8_t byte : bytes) {
    char two[3];
    snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

/// As OpenSSL fills it: the first four bytes of the nonce's base are what TLS 1.2 calls salt.
tls12_crypto_info_aes_gcm_128 aes_128(uint16_t version, std::string_view key, std::string_view iv,
                                      uint8_t sequence) {
  tls12_crypto_info_aes_gcm_128 p{};
  p.info = {version, TLS_CIPHER_AES_GCM_128};
  std::ranges::copy(unhex(key), p.key);
  std::ranges::copy(unhex(iv.substr(0, 8)), p.salt);
  std::ranges::copy(unhex(iv.substr(8)), p.iv);
  p.rec_seq[7] = sequence;
  return p;
}

template <class T>
Bytes bytes_of(const T& parameters) {
  return {reinterpret_cast<const uint8_t*>(&parameters), sizeof parameters};
}

class RecordSealerTest : public testing::Test {
 protected:
  std::string seal(RecordSealer& sealer, uint8_t type, Bytes content) {
    uint8_t out[512];
    size_t size = sealer.seal(*contexts_, type, content, out);
    EXPECT_EQ(size, content.size() + RecordSealer::kOverhead);
    return hex({out, size});
  }
  std::unique_ptr<CipherContexts> contexts_ = std::make_unique<CipherContexts>();
};

constexpr const char* kKey = "9f02283b6c9c07efc26bb9f2ac92e356";
constexpr const char* kIv = "cf782b88dd83549aadf1e984";

// RFC 8448 section 3: after its ticket the server sends fifty bytes and a close_notify.
TEST_F(RecordSealerTest, MakesTheRecordsOfTheRfc) {
  RecordSealer sealer;
  ASSERT_TRUE(sealer.take_keys(*contexts_, bytes_of(aes_128(TLS_1_3_VERSION, kKey, kIv, 1))));
  std::vector<uint8_t> content;
  for (uint8_t i = 0; i < 50; ++i) content.push_back(i);
  EXPECT_EQ(seal(sealer, 23, content),
            "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc60"
            "2dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d");
  EXPECT_EQ(seal(sealer, 21, unhex("0100")), "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9");
}

TEST_F(RecordSealerTest, ThoseWhoShareAContextDoNotMixTheirKeys) {
  std::vector<RecordSealer> sealers(600);  // more than there are contexts
  std::vector<std::string> first;
  for (size_t i = 0; i < sealers.size(); ++i) {
    std::string key = hex(std::vector<uint8_t>(16, static_cast<uint8_t>(i / 2)));
    ASSERT_TRUE(sealers[i].take_keys(*contexts_, bytes_of(aes_128(TLS_1_3_VERSION, key, kIv, 7))));
  }
  for (RecordSealer& sealer : sealers) first.push_back(seal(sealer, 23, as_bytes("a message")));
  for (size_t i = 0; i < sealers.size(); ++i) {
    EXPECT_EQ(first[i], first[i ^ 1]);  // the same key
    EXPECT_NE(first[i], first[(i + 2) % first.size()]);
    // The same content once more, under the next number.
    EXPECT_NE(seal(sealers[i], 23, as_bytes("a message")), first[i]);
  }
}

TEST_F(RecordSealerTest, TakesNoKeysOfAnotherVersionOrCipher) {
  RecordSealer sealer;
  EXPECT_FALSE(sealer.take_keys(*contexts_, bytes_of(aes_128(TLS_1_2_VERSION, kKey, kIv, 0))));
  auto unknown = aes_128(TLS_1_3_VERSION, kKey, kIv, 0);
  unknown.info.cipher_type = 9999;
  EXPECT_FALSE(sealer.take_keys(*contexts_, bytes_of(unknown)));
  EXPECT_FALSE(sealer.take_keys(*contexts_, {}));
  EXPECT_FALSE(sealer.has_keys());
}

TEST_F(RecordSealerTest, WhoWasMovedFromHasNone) {
  RecordSealer from;
  ASSERT_TRUE(from.take_keys(*contexts_, bytes_of(aes_128(TLS_1_3_VERSION, kKey, kIv, 2))));
  RecordSealer to(std::move(from));
  EXPECT_FALSE(from.has_keys());  // NOLINT: what this is about
  ASSERT_TRUE(to.has_keys());
  EXPECT_EQ(seal(to, 21, unhex("0100")), "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9");
}

}  // namespace
}  // namespace sallyport
