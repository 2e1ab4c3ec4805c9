#include "dataplane/tls/record_sealer.h"

#include <linux/tls.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/tls/record.h"

namespace sallyport {

namespace {

constexpr size_t kTag = 16;

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

// The kernel's form has what TLS 1.2 calls salt before the rest of the nonce.
template <class Parameters>
uint64_t unpack(Bytes from, uint8_t* key, uint8_t* iv) {
  Parameters p;
  CHECK(from.size() == sizeof p);
  std::memcpy(&p, from.data(), sizeof p);
  std::memcpy(key, p.key, sizeof p.key);
  size_t salt = sizeof p - offsetof(Parameters, salt) - sizeof p.rec_seq;
  if (salt > 0) std::memcpy(iv, from.data() + offsetof(Parameters, salt), salt);
  std::memcpy(iv + salt, p.iv, sizeof p.iv);
  uint64_t sequence = 0;
  for (uint8_t byte : p.rec_seq) sequence = sequence << 8 | byte;
  OPENSSL_cleanse(&p, sizeof p);
  return sequence;
}

}  // namespace

RecordSealer::RecordSealer(RecordSealer&& other) noexcept
    : owner_(other.owner_), sequence_(other.sequence_), cipher_(other.cipher_) {
  std::memcpy(key_, other.key_, sizeof key_);
  std::memcpy(iv_, other.iv_, sizeof iv_);
  other.drop_keys();
}

bool RecordSealer::take_keys(SealingContexts& contexts, Bytes parameters) {
  drop_keys();
  tls_crypto_info info;
  if (parameters.size() < sizeof info) return false;
  std::memcpy(&info, parameters.data(), sizeof info);
  if (info.version != TLS_1_3_VERSION || !cipher_of(info.cipher_type)) return false;
  cipher_ = info.cipher_type;
  switch (cipher_) {
    case TLS_CIPHER_AES_GCM_128:
      sequence_ = unpack<tls12_crypto_info_aes_gcm_128>(parameters, key_, iv_);
      break;
    case TLS_CIPHER_AES_GCM_256:
      sequence_ = unpack<tls12_crypto_info_aes_gcm_256>(parameters, key_, iv_);
      break;
    default: sequence_ = unpack<tls12_crypto_info_chacha20_poly1305>(parameters, key_, iv_);
  }
  owner_ = ++contexts.last_owner_;
  return true;
}

bool RecordSealer::take_next_keys(SealingContexts& contexts, const TrafficSecret& secret) {
  uint16_t cipher = cipher_;
  drop_keys();
  size_t key_size = cipher == TLS_CIPHER_AES_GCM_128 ? 16 : kKeyMost;
  if (!secret.expand("key", {key_, key_size}) || !secret.expand("iv", iv_)) return false;
  cipher_ = cipher;
  sequence_ = 0;
  owner_ = ++contexts.last_owner_;
  return true;
}

void RecordSealer::drop_keys() {
  if (owner_ == 0) return;
  owner_ = 0;
  OPENSSL_cleanse(key_, sizeof key_);
  OPENSSL_cleanse(iv_, sizeof iv_);
}

// The one with these keys in it, or another's with these put into it.
EVP_CIPHER_CTX* RecordSealer::context(SealingContexts& contexts) {
  SealingContexts::Slot& slot = contexts.slots_[owner_ % contexts.slots_.size()];
  slot.used = true;
  if (slot.owner == owner_) return slot.context.get();
  slot.owner = 0;
  if (!slot.context) slot.context.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* context = slot.context.get();
  if (EVP_EncryptInit_ex(context, cipher_of(cipher_), nullptr, key_, nullptr) != 1) return nullptr;
  slot.owner = owner_;
  return context;
}

size_t RecordSealer::seal(SealingContexts& contexts, uint8_t type, Bytes content, uint8_t* out) {
  CHECK(has_keys() && sequence_ != UINT64_MAX);
  EVP_CIPHER_CTX* cipher = context(contexts);
  if (!cipher) return 0;
  uint8_t nonce[kNonce];
  std::memcpy(nonce, iv_, kNonce);
  for (int i = 0; i < 8; ++i) nonce[kNonce - 1 - i] ^= static_cast<uint8_t>(sequence_ >> 8 * i);
  // RFC 8446 section 5.2: the head is what the tag covers beside the content.
  size_t sealed = content.size() + 1 + kTag;
  put_record_head(kDataRecord, sealed, out);
  uint8_t* to = out + kRecordHead;
  int n = 0, size = static_cast<int>(content.size());
  OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                        to + content.size() + 1, kTag),
                      OSSL_PARAM_END};
  bool good = EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce) == 1 &&
              EVP_EncryptUpdate(cipher, nullptr, &n, out, kRecordHead) == 1 &&
              EVP_EncryptUpdate(cipher, to, &n, content.data(), size) == 1 && n == size &&
              EVP_EncryptUpdate(cipher, to + size, &n, &type, 1) == 1 && n == 1 &&
              EVP_EncryptFinal_ex(cipher, to + size + 1, &n) == 1 && n == 0 &&
              EVP_CIPHER_CTX_get_params(cipher, tag) == 1;
  if (!good) return 0;
  ++sequence_;
  return kRecordHead + sealed;
}

}  // namespace sallyport
