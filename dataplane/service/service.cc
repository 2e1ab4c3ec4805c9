#include "dataplane/service/service.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {
// Long enough that a dead endpoint costs few connections a wait, short enough that one which came
// back is soon used again.
constexpr Seconds kAvoid{3};
}  // namespace

Service::Service(const ServiceConfig& config, std::vector<Endpoint> endpoints,
                 std::shared_ptr<const BackendContext> tls, size_t workers,
                 std::shared_ptr<const PerWorker<ServiceMetrics>> metrics)
    : name_(config.name),
      endpoints_(std::move(endpoints)),
      tls_(std::move(tls)),
      sslmode_(config.tls ? config.tls->sslmode : std::nullopt),
      proxy_protocol_(config.proxy_protocol),
      turns_(workers),
      metrics_(metrics ? std::move(metrics)
                       : std::make_shared<const PerWorker<ServiceMetrics>>(workers)) {
  // Workers that begin at different endpoints do not send their first connections all to one.
  for (size_t w = 0; w < workers; ++w) turns_.of(w).next = static_cast<uint32_t>(w);
}

const Endpoint* Service::pick(size_t worker, const std::vector<const Endpoint*>& tried,
                              Instant now) const {
  Turn& turn = turns_.of(worker);
  size_t n = endpoints_.size();
  size_t second_best = n;
  for (size_t i = 0; i < n; ++i) {
    size_t at = (turn.next + i) % n;
    if (std::find(tried.begin(), tried.end(), &endpoints_[at]) != tried.end()) continue;
    if (turn.avoid_until.empty() || turn.avoid_until[at] <= now) {
      turn.next = static_cast<uint32_t>((at + 1) % n);
      return &endpoints_[at];
    }
    if (second_best == n) second_best = at;
  }
  if (second_best == n) return nullptr;
  turn.next = static_cast<uint32_t>((second_best + 1) % n);
  return &endpoints_[second_best];
}

void Service::failed(size_t worker, const Endpoint& endpoint, Instant now) const {
  Turn& turn = turns_.of(worker);
  size_t at = static_cast<size_t>(&endpoint - endpoints_.data());
  DCHECK(at < endpoints_.size());
  if (turn.avoid_until.empty()) turn.avoid_until.resize(endpoints_.size());
  turn.avoid_until[at] = now + kAvoid;
}

}  // namespace sallyport
