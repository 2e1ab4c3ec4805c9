// Encrypts records of TLS 1.3 with keys that OpenSSL hands over as it does to a kernel.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/traffic_secret.h"

namespace sallyport {

/// Cipher contexts that the connections of a worker take in turns: each is more than a KiB, and an
/// idle connection needs none.
class SealingContexts {
 public:
  /// To be called once a second or so: frees those that nobody has used since the last time.
  void ebb() {
    for (Slot& slot : slots_) {
      if (!slot.used) slot = {};
      slot.used = false;
    }
  }

 private:
  friend class RecordSealer;

  struct Slot {
    CipherContextPtr context;
    uint64_t owner = 0;  // of the keys in it
    bool used = false;   // since the last ebb
  };
  std::array<Slot, 256> slots_;
  uint64_t last_owner_ = 0;
};

/// OpenSSL copies what it encrypts twice, into a buffer of its own and out of that; this reads what
/// is to be sent where it lies and writes where it is sent from.
/// Thread: that of the contexts.
class RecordSealer {
 public:
  /// RFC 8446 section 5.2: the record's head, the type of its content, the tag.
  static constexpr size_t kOverhead = 5 + 1 + 16;

  RecordSealer() = default;
  ~RecordSealer() { drop_keys(); }
  /// Leaves the other without keys.
  RecordSealer(RecordSealer&& other) noexcept;
  RecordSealer& operator=(RecordSealer&&) = delete;

  /// `parameters` as of kernel_tls_parameters(). False, and no keys: not of TLS 1.3.
  bool take_keys(SealingContexts& contexts, Bytes parameters);
  /// The keys that come after those it has, with the same cipher. False, and no keys: OpenSSL
  /// failed. REQUIRES: has_keys().
  bool take_next_keys(SealingContexts& contexts, const TrafficSecret& secret);
  bool has_keys() const { return owner_ != 0; }
  void drop_keys();
  /// As in linux/tls.h. REQUIRES: has_keys().
  uint16_t cipher() const { return cipher_; }

  /// One record, written to `out`; its size. 0: OpenSSL failed, its queue of errors says why.
  /// REQUIRES: has_keys(); at most 16 KiB; room for them and kOverhead.
  size_t seal(SealingContexts& contexts, uint8_t type, Bytes content, uint8_t* out);

 private:
  static constexpr size_t kNonce = 12;  // RFC 8446 section 5.3, for each cipher of TLS 1.3
  static constexpr size_t kKeyMost = 32;

  EVP_CIPHER_CTX* context(SealingContexts& contexts);

  uint64_t owner_ = 0;  // 0: no keys
  uint64_t sequence_ = 0;
  uint8_t key_[kKeyMost] = {};
  uint8_t iv_[kNonce] = {};
  uint16_t cipher_ = 0;  // as in linux/tls.h
};

}  // namespace sallyport
