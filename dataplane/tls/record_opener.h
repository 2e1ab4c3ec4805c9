// Decrypts records of TLS 1.3.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/record.h"
#include "dataplane/tls/traffic_secret.h"

namespace sallyport {

/// Cipher contexts that the connections of a worker take in turns: each is more than a KiB, and an
/// idle connection needs none.
class OpeningContexts {
 public:
  /// To be called once a second or so: frees those that nobody has used since the last time.
  void ebb() {
    for (Slot& slot : slots_) {
      if (!slot.used) slot = {};
      slot.used = false;
    }
  }

 private:
  friend class RecordOpener;

  struct Slot {
    CipherContextPtr context;
    uint64_t owner = 0;  // of the keys in it
    bool used = false;   // since the last ebb
  };
  std::array<Slot, 256> slots_;
  uint64_t last_owner_ = 0;
};

/// Thread: that of the contexts.
class RecordOpener {
 public:
  /// RFC 8446 section 5.2: most bytes behind the head.
  static constexpr size_t kBodyMost = kRecordMost + 256;

  RecordOpener() = default;
  RecordOpener(const RecordOpener&) = delete;
  RecordOpener& operator=(const RecordOpener&) = delete;
  ~RecordOpener();

  /// Makes the keys for `cipher`, as linux/tls.h numbers it, and begins to count records. False:
  /// such a cipher is not known here, or OpenSSL failed.
  bool take_keys(OpeningContexts& contexts, uint16_t cipher, const TrafficSecret& secret);
  bool has_keys() const { return owner_ != 0; }

  struct Opened {
    uint8_t alert = 0;  // to end the connection with, and nothing else is said; 0: it was good
    uint8_t type = 0;   // of the content
    MutableBytes content = {};
  };
  /// Decrypts in place. REQUIRES: has_keys(); a whole record, head included, of at most kBodyMost.
  Opened open(OpeningContexts& contexts, MutableBytes record);

 private:
  static constexpr size_t kNonce = 12;  // RFC 8446 section 5.3, for each cipher of TLS 1.3
  static constexpr size_t kKeyMost = 32;

  EVP_CIPHER_CTX* context(OpeningContexts& contexts);

  uint64_t owner_ = 0;  // 0: no keys
  uint64_t sequence_ = 0;
  uint8_t key_[kKeyMost] = {};
  uint8_t iv_[kNonce] = {};
  uint16_t cipher_ = 0;
};

}  // namespace sallyport
