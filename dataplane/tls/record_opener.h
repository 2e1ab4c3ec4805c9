// Decrypts records of TLS 1.3.
#pragma once

#include "dataplane/tls/record.h"
#include "dataplane/tls/record_keys.h"

namespace sallyport {

/// Thread: that of the contexts, which decrypt only.
class RecordOpener {
 public:
  /// RFC 8446 section 5.2: most bytes behind the head.
  static constexpr size_t kBodyMost = kRecordMost + 256;

  bool take_keys(CipherContexts& contexts, uint16_t cipher, const TrafficSecret& secret) {
    return keys_.take(contexts, cipher, secret);
  }
  bool has_keys() const { return keys_.known(); }

  struct Opened {
    uint8_t alert = 0;  // to end the connection with, and nothing else is said; 0: it was good
    uint8_t type = 0;   // of the content
    MutableBytes content = {};
  };
  /// Decrypts to `to`, or in place if that has no room for all that is sealed. REQUIRES:
  /// has_keys(); a whole record, head included, of at most kBodyMost; `to` and it do not overlap.
  Opened open(CipherContexts& contexts, MutableBytes record, MutableBytes to);

 private:
  RecordKeys keys_{RecordKeys::Use::Open};
};

}  // namespace sallyport
