// What is counted of the connection to a cluster.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "control/kube/reflector.h"

namespace sallyport::kube {

/// Counts and log lines of faults. A fault that goes on is one line a minute, and its end is one.
/// Any thread.
class WatchCounts {
 public:
  using Clock = std::chrono::steady_clock;

  void fault(const WatchScope& scope, Fault fault, const std::string& detail,
             Clock::time_point now = Clock::now());
  /// Something outside of the watches.
  void fault(const std::string& what, Fault fault, const std::string& detail,
             Clock::time_point now = Clock::now());
  void success(const WatchScope& scope);
  void success(const std::string& what);
  void relist(const WatchScope& scope);
  void change(Kind kind, Clock::time_point now = Clock::now());
  void objects(const WatchScope& scope, size_t before, size_t after);
  /// Hosts that do not show a certificate of their own, by why.
  void fallbacks(std::map<std::string, size_t> hosts);

  /// Of all objects, in bytes.
  void size(size_t bytes) { size_ = bytes; }

  /// Appends families sallyport_kubernetes_… in Prometheus' text format.
  std::string prometheus(Clock::time_point now = Clock::now()) const;

 private:
  struct Trouble {
    Fault fault{};
    Clock::time_point logged{};
    uint64_t unlogged = 0;
  };
  struct Counts {
    std::array<uint64_t, kFaults> faults{};
    uint64_t relists = 0, events = 0;
    uint64_t objects = 0;
    Clock::time_point last_event{};
  };

  void log_fault(const std::string& what, Fault fault, const std::string& detail,
                 Clock::time_point now);

  std::atomic<size_t> size_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Counts> counts_;     // by resource
  std::map<std::string, Trouble> troubles_;  // by what is in trouble now
  std::map<std::string, size_t> fallbacks_;
};

}  // namespace sallyport::kube
