// What a peer may do on one HTTP/2 connection that costs us more than it costs the peer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/base/clock.h"

namespace sallyport {

/// Two leaking buckets, which are empty again after a minute and which useful work empties as well,
/// so that nobody who mostly gets what he asks for ever fills one:
/// resets: streams that their client takes back, or has us break off (CVE-2023-44487,
/// CVE-2025-8671), and refused heads; control: frames that are not heads or bodies.
class H2Guard {
 public:
  /// Each: whether that was too many.
  bool reset(Instant now, uint32_t most) { return resets_.add(1, now, most); }
  bool control(Instant now, uint32_t most) { return control_.add(1, now, most); }

  /// A stream had its answer.
  void served() { resets_.take(1); }
  /// A frame with this much of a body has gone out, which may need two WINDOW_UPDATEs; the last one
  /// of a body counts however short it is. Windows of some bytes earn nothing.
  void sent(size_t bytes, bool last) {
    if (last || bytes >= 1024) control_.take(8);
  }

 private:
  class Bucket {
   public:
    bool add(uint32_t n, Instant now, uint32_t most) {
      uint64_t passed = static_cast<uint64_t>((now - since_).count());
      // The time is kept until it is worth a drop.
      uint64_t leaked = passed * most / kMinute;
      if (leaked > 0) {
        take(static_cast<uint32_t>(std::min<uint64_t>(leaked, level_)));
        since_ = now;
      }
      level_ += n;
      return level_ > most;
    }
    void take(uint32_t n) { level_ -= std::min(n, level_); }

   private:
    static constexpr uint64_t kMinute = 60'000'000;
    uint32_t level_ = 0;
    Instant since_{};
  };

  Bucket resets_;
  Bucket control_;
};

}  // namespace sallyport
