// How long to wait before the next attempt.
#pragma once

#include <algorithm>
#include <random>

#include "dataplane/base/clock.h"

namespace sallyport::kube {

/// Doubles from failure to failure up to a maximum, and draws from the upper half of that, so that
/// thousands of clients of a server that comes back do not come back together. Not thread-safe.
class BackOff {
 public:
  BackOff(Millis first, Millis most, uint64_t seed) : first_(first), most_(most), random_(seed) {}

  /// The wait after one more failure.
  Millis next() {
    wait_ = wait_ == Millis(0) ? first_ : std::min(2 * wait_, most_);
    std::uniform_int_distribution<int64_t> draw(wait_.count() / 2, wait_.count());
    return Millis(draw(random_));
  }
  void reset() { wait_ = Millis(0); }

 private:
  Millis first_, most_;
  Millis wait_{0};
  std::mt19937_64 random_;
};

}  // namespace sallyport::kube
