// A traffic secret of TLS 1.3, from which the keys of one direction are made.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace sallyport {

/// RFC 8446 section 7. Leaves nothing behind when it is destroyed.
class TrafficSecret {
 public:
  TrafficSecret() = default;
  TrafficSecret(const TrafficSecret&) = delete;
  TrafficSecret& operator=(const TrafficSecret&) = delete;
  ~TrafficSecret() { forget(); }

  /// A copy. False, and none: not of a digest of TLS 1.3.
  bool take(Bytes secret);
  bool known() const { return size_ != 0; }
  /// Section 7.3; `label` is "key" or "iv". REQUIRES: known(). False: OpenSSL failed.
  bool expand(std::string_view label, MutableBytes out) const;
  /// Section 7.2: the next one, after a KeyUpdate. REQUIRES: known(). False: OpenSSL failed.
  bool advance();
  void forget();

 private:
  static constexpr size_t kMost = 48;

  uint8_t bytes_[kMost] = {};
  uint8_t size_ = 0;  // 0: none; else its digest's
};

}  // namespace sallyport
