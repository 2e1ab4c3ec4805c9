#include "bench/load/watched_cpu.h"

#include <stdexcept>

namespace sallyport::bench {

WatchedCpu::WatchedCpu(const std::vector<pid_t>& pids) : pids_(pids), clocks_(pids.size()) {
  for (size_t i = 0; i < pids.size(); ++i) {
    if (::clock_getcpuclockid(pids[i], &clocks_[i]) != 0) {
      throw std::runtime_error("--watch-pid " + std::to_string(pids[i]) + ": no such process");
    }
  }
}

double WatchedCpu::seconds() const {
  double sum = 0;
  for (size_t i = 0; i < clocks_.size(); ++i) {
    timespec time{};
    if (::clock_gettime(clocks_[i], &time) != 0) {
      throw std::runtime_error("watched process " + std::to_string(pids_[i]) + " has ended");
    }
    sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  return sum;
}

}  // namespace sallyport::bench
