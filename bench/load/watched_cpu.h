// The CPU time of other processes.
#pragma once

#include <ctime>
#include <vector>

#include "bench/load/options.h"

namespace sallyport::bench {

/// User and system time of all threads of some processes, ended ones included, to the nanosecond:
/// a process' CPU clock, unlike /proc/PID/stat, is not counted in ticks.
class WatchedCpu {
 public:
  /// Throws std::runtime_error if one is not there.
  explicit WatchedCpu(const std::vector<pid_t>& pids);
  /// Seconds in all so far. Throws std::runtime_error if one has ended.
  double seconds() const;

 private:
  std::vector<pid_t> pids_;
  std::vector<clockid_t> clocks_;
};

}  // namespace sallyport::bench
