// What the checks of an endpoint have come to.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/observe/count.h"

namespace sallyport {

/// Thread: one reports, any read.
class EndpointHealth {
 public:
  enum class State : uint8_t {
    Unknown,    // never asked: used where no healthy one is left
    Healthy,
    Unhealthy,  // never used
  };

  State state() const { return state_.load(std::memory_order_relaxed); }
  /// What was wrong in the last check; empty: nothing.
  std::string fault() const;

  /// A check has come to this; an empty fault is a success. The first one decides by itself. Says
  /// whether the state is another now.
  bool report(const HealthConfig& config, std::string fault);

 private:
  std::atomic<State> state_{State::Unknown};
  uint32_t in_a_row_ = 0;  // checks that speak against the state
  mutable std::mutex mutex_;
  std::string fault_;
};

const char* name(EndpointHealth::State state);

/// Of all checks of a service. Thread: written by the one that checks.
struct HealthCounts {
  Count passed, failed;
};

/// Of a service whose endpoints are checked.
struct ServiceHealth {
  HealthConfig config;
  std::vector<std::shared_ptr<EndpointHealth>> endpoints;  // as the service's
  std::shared_ptr<HealthCounts> counts;
};

}  // namespace sallyport
