// The keys of one direction of TLS 1.3, and the cipher contexts that they are used in.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/traffic_secret.h"

namespace sallyport {

/// Those that the connections of a worker take in turns, either to encrypt or to decrypt: each is
/// more than a KiB, and an idle connection needs none.
class CipherContexts {
 public:
  /// That keys are used for. RFC 8446 section 5.5: of AES-GCM 2^24.5 full ones; OpenSSL goes on.
  uint64_t records_most = uint64_t{1} << 24;

  /// To be called once a second or so: frees those that nobody has used since the last time.
  void ebb() {
    for (Slot& slot : slots_) {
      if (!slot.used) slot = {};
      slot.used = false;
    }
  }

 private:
  friend class RecordKeys;

  struct Slot {
    CipherContextPtr context;
    uint64_t owner = 0;  // of the keys in it
    bool used = false;   // since the last ebb
  };
  std::array<Slot, 256> slots_;
  uint64_t last_owner_ = 0;
};

/// Leaves nothing behind when it is destroyed. Thread: that of the contexts, always the same.
class RecordKeys {
 public:
  enum class Use : int { Open = 0, Seal = 1 };

  explicit RecordKeys(Use use) : use_(use) {}
  ~RecordKeys() { forget(); }
  /// Leaves the other without keys.
  RecordKeys(RecordKeys&& other) noexcept;
  RecordKeys& operator=(RecordKeys&&) = delete;

  /// `parameters` as of kernel_tls_parameters(). False, and none: not of TLS 1.3.
  bool take(CipherContexts& contexts, Bytes parameters);
  /// Those of a secret, for the first record. False, and none: such a cipher is not known here, or
  /// OpenSSL failed.
  bool take(CipherContexts& contexts, uint16_t cipher, const TrafficSecret& secret);
  bool known() const { return owner_ != 0; }
  void forget();
  /// How many records were, by either those who had them before or here. REQUIRES: known().
  uint64_t used() const { return sequence_; }
  /// As in linux/tls.h. REQUIRES: known().
  uint16_t cipher() const { return cipher_; }

  /// A context with these keys and the next record's nonce in it. Null: OpenSSL failed. REQUIRES:
  /// known().
  EVP_CIPHER_CTX* begin_record(CipherContexts& contexts) const;
  void end_record() { ++sequence_; }

 private:
  static constexpr size_t kNonce = 12;  // RFC 8446 section 5.3, for each cipher of TLS 1.3
  static constexpr size_t kKeyMost = 32;

  Use use_;
  uint16_t cipher_ = 0;
  uint64_t owner_ = 0;  // 0: no keys
  uint64_t sequence_ = 0;
  uint8_t key_[kKeyMost] = {};
  uint8_t iv_[kNonce] = {};
};

}  // namespace sallyport
