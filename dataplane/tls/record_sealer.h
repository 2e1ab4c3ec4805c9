// Encrypts records of TLS 1.3 with keys that OpenSSL hands over as it does to a kernel.
#pragma once

#include "dataplane/tls/record.h"
#include "dataplane/tls/record_keys.h"

namespace sallyport {

/// OpenSSL copies what it encrypts twice, into a buffer of its own and out of that; this reads what
/// is to be sent where it lies and writes where it is sent from.
/// Thread: that of the contexts, which encrypt only.
class RecordSealer {
 public:
  /// RFC 8446 section 5.2: the record's head, the type of its content, the tag.
  static constexpr size_t kOverhead = kRecordHead + 1 + kRecordTag;

  bool take_keys(CipherContexts& contexts, Bytes parameters) {
    return keys_.take(contexts, parameters);
  }
  /// Those that come after these, with the same cipher. REQUIRES: has_keys().
  bool take_next_keys(CipherContexts& contexts, const TrafficSecret& secret) {
    return keys_.take(contexts, keys_.cipher(), secret);
  }
  bool has_keys() const { return keys_.known(); }
  /// Others should take their place before more is sealed. REQUIRES: has_keys().
  bool worn(const CipherContexts& contexts) const { return keys_.used() >= contexts.records_most; }
  void drop_keys() { keys_.forget(); }
  uint16_t cipher() const { return keys_.cipher(); }

  /// One record, written to `out`; its size. 0: OpenSSL failed, its queue of errors says why.
  /// REQUIRES: has_keys(); at most 16 KiB; room for them and kOverhead.
  size_t seal(CipherContexts& contexts, uint8_t type, Bytes content, uint8_t* out);

 private:
  RecordKeys keys_{RecordKeys::Use::Seal};
};

}  // namespace sallyport
