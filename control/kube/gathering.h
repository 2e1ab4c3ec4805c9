// When changes are to be applied.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "dataplane/base/clock.h"

namespace sallyport::kube {

/// The first change after quiet is due at once, since most come alone. While changes follow each
/// other they are gathered, until there was a pause or the oldest has waited long enough. Not
/// thread-safe.
class Gathering {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Millis kPause{50};
  static constexpr Millis kMost{500};

  void note(Clock::time_point now) {
    if (!first_) {
      first_ = now;
      due_ = taken_ && now - *taken_ < kPause ? now + kPause : now;
    } else if (due_ > *first_) {
      due_ = std::min(now + kPause, *first_ + kMost);
    }
  }
  /// None: there is nothing.
  std::optional<Clock::time_point> due_at() const {
    if (!first_) return {};
    return due_;
  }
  void take(Clock::time_point now) {
    first_.reset();
    taken_ = now;
  }

 private:
  std::optional<Clock::time_point> first_, taken_;
  Clock::time_point due_{};
};

}  // namespace sallyport::kube
