// Time as types: an instant of the loop's monotonic clock and durations, never a bare number.
#pragma once

#include <chrono>
#include <cstdint>

namespace sallyport {

/// Names the time line; loops give the current instant (io/loop.h), real or simulated.
struct LoopClock {
  using rep = int64_t;
  using period = std::micro;
  using duration = std::chrono::microseconds;
  using time_point = std::chrono::time_point<LoopClock>;
  static constexpr bool is_steady = true;
};

using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Instant = LoopClock::time_point;

/// Seconds and microseconds since 1970, for logs only.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Micros>;

}  // namespace sallyport
