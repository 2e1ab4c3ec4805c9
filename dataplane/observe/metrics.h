// Counters of one worker. The worker alone writes them, anyone may read them at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/observe/reason.h"

namespace sallyport {

/// One writer, so adding is a load and a store, not a locked instruction.
class Count {
 public:
  void add(uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  void subtract(uint64_t n = 1) { value_.store(value() - n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

constexpr size_t kScenarios = 4;  // the three, and "none": ended before a site was known, or tcp
constexpr size_t kReasons = static_cast<size_t>(Reason::Count);
constexpr size_t kLimits = static_cast<size_t>(Limit::Count);
constexpr size_t kSides = 2;      // client and backend legs

struct alignas(64) WorkerMetrics {
  Count accepted;
  Count open;                                   // gauge
  Count ended[kScenarios][kReasons];
  Count bytes_from_client[kScenarios];
  Count bytes_from_backend[kScenarios];
  Count limit_reached[kLimits];
  Count accept_backoffs;
  Count handshakes[kSides][2][2];               // leg; TLS 1.2, 1.3; full, resumed
  Count handshake_failures[kSides];
  Count connects;                               // attempts towards endpoints
  Count connect_failures;
  Count pipes;                                  // gauge: kernel pipes that exist
  Count spliced_bytes;
  Count log_lines_dropped;
};

/// Facts of the whole process that are not counted by workers.
struct ProcessMetrics {
  std::string version;
  uint64_t reloads_applied = 0;
  uint64_t reloads_refused = 0;
  bool last_reload_ok = true;
  int64_t last_reload_at = 0;  // seconds since 1970
  uint64_t resolver_failures = 0;
  uint64_t listeners = 0, sites = 0, services = 0;
  bool draining = false;
};

/// Prometheus' text format, version 0.0.4: the sums over `workers`.
std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const ProcessMetrics& process);

}  // namespace sallyport
