#include "dataplane/tls/record_keys.h"

#include <linux/tls.h>
#include <openssl/crypto.h>

#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

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

RecordKeys::RecordKeys(RecordKeys&& other) noexcept
    : use_(other.use_), cipher_(other.cipher_), owner_(other.owner_), sequence_(other.sequence_) {
  std::memcpy(key_, other.key_, sizeof key_);
  std::memcpy(iv_, other.iv_, sizeof iv_);
  other.forget();
}

bool RecordKeys::take(CipherContexts& contexts, Bytes parameters) {
  forget();
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

bool RecordKeys::take(CipherContexts& contexts, uint16_t cipher, const TrafficSecret& secret) {
  forget();
  size_t key_size = cipher == TLS_CIPHER_AES_GCM_128 ? 16 : kKeyMost;
  if (!cipher_of(cipher) || !secret.expand("key", {key_, key_size}) || !secret.expand("iv", iv_)) {
    return false;
  }
  cipher_ = cipher;
  sequence_ = 0;
  owner_ = ++contexts.last_owner_;
  return true;
}

void RecordKeys::forget() {
  owner_ = 0;
  OPENSSL_cleanse(key_, sizeof key_);
  OPENSSL_cleanse(iv_, sizeof iv_);
}

EVP_CIPHER_CTX* RecordKeys::begin_record(CipherContexts& contexts) const {
  CHECK(known() && sequence_ != UINT64_MAX);
  CipherContexts::Slot& slot = contexts.slots_[owner_ % contexts.slots_.size()];
  slot.used = true;
  if (!slot.context) slot.context.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* context = slot.context.get();
  if (slot.owner != owner_) {  // another's are in it
    slot.owner = 0;
    const EVP_CIPHER* cipher = cipher_of(cipher_);
    int use = static_cast<int>(use_);
    if (EVP_CipherInit_ex(context, cipher, nullptr, key_, nullptr, use) != 1) return nullptr;
    slot.owner = owner_;
  }
  uint8_t nonce[kNonce];
  std::memcpy(nonce, iv_, kNonce);
  for (int i = 0; i < 8; ++i) nonce[kNonce - 1 - i] ^= static_cast<uint8_t>(sequence_ >> 8 * i);
  bool good = EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce, -1) == 1;
  return good ? context : nullptr;
}

}  // namespace sallyport
