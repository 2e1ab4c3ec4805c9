#include "dataplane/service/endpoint_health.h"

#include <utility>

namespace sallyport {

std::string EndpointHealth::fault() const {
  std::lock_guard lock(mutex_);
  return fault_;
}

bool EndpointHealth::report(const HealthConfig& config, std::string fault) {
  State before = state();
  State now = fault.empty() ? State::Healthy : State::Unhealthy;
  {
    std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }
  in_a_row_ = now == before ? 0 : in_a_row_ + 1;
  uint32_t enough =
      now == State::Healthy ? config.healthy_threshold : config.unhealthy_threshold;
  if (now == before || (before != State::Unknown && in_a_row_ < enough)) return false;
  in_a_row_ = 0;
  state_.store(now, std::memory_order_relaxed);
  return true;
}

const char* name(EndpointHealth::State state) {
  switch (state) {
    case EndpointHealth::State::Unknown: return "unknown";
    case EndpointHealth::State::Healthy: return "healthy";
    case EndpointHealth::State::Unhealthy: return "unhealthy";
  }
  return "unknown";
}

}  // namespace sallyport
