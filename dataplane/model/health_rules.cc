#include "dataplane/model/health_rules.h"

#include <algorithm>
#include <string>

#include "dataplane/model/complain.h"
#include "dataplane/model/quantity.h"

namespace sallyport {
namespace {

constexpr Millis kIntervalLeast{100};
constexpr Millis kIntervalMost = std::chrono::hours(24);
constexpr Millis kTimeoutLeast{10};
constexpr uint64_t kThresholdMost = 100;
// It stands in each question, which has to fit into one small message.
constexpr size_t kNameMost = 200;

// Control characters would be nobody's name, and stand in logs.
bool is_service_name(std::string_view name) {
  return name.size() <= kNameMost && std::ranges::all_of(name, [](char c) {
           return c > ' ' && c < 0x7f;
         });
}

bool check_time(const Written<Millis>& written, Millis least, Millis most, Problems& problems) {
  if (!written) return false;
  if (*written >= least && *written <= most) return true;
  complain(problems, written.place,
           duration_text(*written) + " is out of range: write " + duration_text(least) + " to " +
               duration_text(most));
  return false;
}

void take_threshold(const Written<uint64_t>& written, uint32_t& out, Problems& problems) {
  if (!written) return;
  if (*written >= 1 && *written <= kThresholdMost) {
    out = static_cast<uint32_t>(*written);
    return;
  }
  complain(problems, written.place,
           std::to_string(*written) + " is out of range: write 1 to " +
               std::to_string(kThresholdMost));
}

}  // namespace

std::optional<HealthConfig> check_health(const DraftService& service, Problems& problems) {
  const DraftHealth& draft = *service.health;
  HealthConfig config;
  if (!draft.grpc.given) {
    complain(problems, draft.place,
             "grpc is missing: write the service to ask about, or \"\" for the server as a whole");
  }
  if (draft.grpc) config.grpc = *draft.grpc;
  if (!is_service_name(config.grpc)) {
    complain(problems, draft.grpc.place,
             in_quotes(config.grpc) + " is no gRPC service: write a name such as shop.v1.Orders, "
             "or \"\" for the server as a whole");
  }
  if (!service.protocol.wrong() &&
      service.protocol.or_else(BackendProtocol::Http1) == BackendProtocol::Http1) {
    complain(problems, draft.place,
             "asks by gRPC, which is HTTP/2: write protocol: http2 for the service as well, or "
             "auto");
  }
  if (check_time(draft.interval, kIntervalLeast, kIntervalMost, problems)) {
    config.interval = *draft.interval;
  }
  config.timeout = std::min(config.timeout, config.interval);
  if (check_time(draft.timeout, kTimeoutLeast, config.interval, problems)) {
    config.timeout = *draft.timeout;
  }
  take_threshold(draft.healthy_threshold, config.healthy_threshold, problems);
  take_threshold(draft.unhealthy_threshold, config.unhealthy_threshold, problems);
  return config;
}

}  // namespace sallyport
