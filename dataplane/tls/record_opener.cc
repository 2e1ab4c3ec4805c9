#include "dataplane/tls/record_opener.h"

#include <linux/tls.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr size_t kTag = 16;
// RFC 8446 section 6.
constexpr uint8_t kUnexpectedMessage = 10, kBadRecordMac = 20, kRecordOverflow = 22;

// Fetched once: OpenSSL looks for what is only named each time a context is made.
const EVP_CIPHER* cipher_of(uint16_t type) {
  static const EVP_CIPHER* aes_128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* aes_256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static const EVP_CIPHER* chacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  switch (type) {
    case TLS_CIPHER_AES_GCM_128: return aes_128;
    case TLS_CIPHER_AES_GCM_256: return aes_256;
    case TLS_CIPHER_CHACHA20_POLY1305: return chacha;
    default: return nullptr;
  }
}

size_t key_size(uint16_t type) { return type == TLS_CIPHER_AES_GCM_128 ? 16 : 32; }

}  // namespace

RecordOpener::~RecordOpener() {
  OPENSSL_cleanse(key_, sizeof key_);
  OPENSSL_cleanse(iv_, sizeof iv_);
}

bool RecordOpener::take_keys(OpeningContexts& contexts, uint16_t cipher,
                             const TrafficSecret& secret) {
  owner_ = 0;
  if (!cipher_of(cipher) || !secret.expand("key", {key_, key_size(cipher)}) ||
      !secret.expand("iv", iv_)) {
    return false;
  }
  cipher_ = cipher;
  sequence_ = 0;
  owner_ = ++contexts.last_owner_;
  return true;
}

// The one with these keys in it, or another's with these put into it.
EVP_CIPHER_CTX* RecordOpener::context(OpeningContexts& contexts) {
  OpeningContexts::Slot& slot = contexts.slots_[owner_ % contexts.slots_.size()];
  slot.used = true;
  if (slot.owner == owner_) return slot.context.get();
  slot.owner = 0;
  if (!slot.context) slot.context.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* context = slot.context.get();
  if (EVP_DecryptInit_ex(context, cipher_of(cipher_), nullptr, key_, nullptr) != 1) return nullptr;
  slot.owner = owner_;
  return context;
}

RecordOpener::Opened RecordOpener::open(OpeningContexts& contexts, MutableBytes record) {
  CHECK(has_keys() && sequence_ != UINT64_MAX);
  CHECK(record.size() >= kRecordHead && record.size() <= kRecordHead + kBodyMost);
  MutableBytes sealed = record.subspan(kRecordHead);
  if (sealed.size() < kTag + 1) return {kBadRecordMac};
  MutableBytes inner = sealed.first(sealed.size() - kTag);
  EVP_CIPHER_CTX* cipher = context(contexts);
  if (!cipher) return {kBadRecordMac};
  uint8_t nonce[kNonce];
  std::memcpy(nonce, iv_, kNonce);
  for (int i = 0; i < 8; ++i) nonce[kNonce - 1 - i] ^= static_cast<uint8_t>(sequence_ >> 8 * i);
  int n = 0, size = static_cast<int>(inner.size());
  OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                        sealed.data() + inner.size(), kTag),
                      OSSL_PARAM_END};
  // RFC 8446 section 5.2: the head is what the tag covers beside the content.
  bool good = EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce) == 1 &&
              EVP_CIPHER_CTX_set_params(cipher, tag) == 1 &&
              EVP_DecryptUpdate(cipher, nullptr, &n, record.data(), kRecordHead) == 1 &&
              EVP_DecryptUpdate(cipher, inner.data(), &n, inner.data(), size) == 1 && n == size &&
              EVP_DecryptFinal_ex(cipher, inner.data() + size, &n) == 1 && n == 0;
  if (!good) {
    // What was decrypted is nobody's words.
    OPENSSL_cleanse(inner.data(), inner.size());
    return {kBadRecordMac};
  }
  ++sequence_;
  if (inner.size() > kRecordMost + 1) return {kRecordOverflow};
  // Section 5.4: padding of zeros behind the type.
  size_t end = inner.size();
  while (end > 0 && inner[end - 1] == 0) --end;
  if (end == 0) return {kUnexpectedMessage};
  return {0, inner[end - 1], inner.first(end - 1)};
}

}  // namespace sallyport
