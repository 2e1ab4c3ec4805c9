#include "dataplane/service/service.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {
// Long enough that a dead endpoint costs few connections a wait, short enough that one which came
// back is soon used again.
constexpr Seconds kAvoid{3};

// The finisher of splitmix64.
uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

// Of rendezvous hashing: how much a client's hash wants an endpoint.
uint64_t wish(uint64_t hash, const Address& address) {
  uint64_t of_address = address.port();
  for (size_t i = 0; i < address.ip_size(); ++i) {
    of_address = (of_address ^ address.ip_bytes()[i]) * 0x100000001b3u;
  }
  return mix(hash ^ mix(of_address));
}
ServiceHealth health_of(const HealthConfig& config, const std::vector<Endpoint>& endpoints,
                        const Service* before) {
  const ServiceHealth* known = before ? before->health() : nullptr;
  ServiceHealth health{config, {}, known ? known->counts : std::make_shared<HealthCounts>()};
  for (const Endpoint& endpoint : endpoints) {
    auto state = std::make_shared<EndpointHealth>();
    if (known) {
      auto same = std::ranges::find(before->endpoints(), endpoint);
      auto at = static_cast<size_t>(same - before->endpoints().begin());
      if (same != before->endpoints().end()) state = known->endpoints[at];
    }
    health.endpoints.push_back(std::move(state));
  }
  return health;
}
}  // namespace

Service::Service(const ServiceConfig& config, std::vector<Endpoint> endpoints,
                 std::shared_ptr<const BackendContext> tls, size_t workers,
                 std::shared_ptr<const PerWorker<ServiceMetrics>> metrics, const Service* before)
    : name_(config.name),
      endpoints_(std::move(endpoints)),
      tls_(std::move(tls)),
      sslmode_(config.tls ? config.tls->sslmode : std::nullopt),
      proxy_protocol_(config.proxy_protocol),
      protocol_(config.protocol),
      turns_(workers),
      metrics_(metrics ? std::move(metrics)
                       : std::make_shared<const PerWorker<ServiceMetrics>>(workers)) {
  // Workers that begin at different endpoints do not send their first connections all to one.
  for (size_t w = 0; w < workers; ++w) turns_.of(w).next = static_cast<uint32_t>(w);
  if (config.health) health_ = health_of(*config.health, endpoints_, before);
}

bool Service::usable(size_t at, const std::vector<const Endpoint*>& tried) const {
  using State = EndpointHealth::State;
  if (health_ && health_->endpoints[at]->state() == State::Unhealthy) return false;
  return std::find(tried.begin(), tried.end(), &endpoints_[at]) == tried.end();
}

bool Service::avoided(size_t at, const Turn& turn, Instant now) const {
  using State = EndpointHealth::State;
  if (health_ && health_->endpoints[at]->state() == State::Unknown) return true;
  return !turn.avoid_until.empty() && turn.avoid_until[at] > now;
}

bool Service::has_other(const std::vector<const Endpoint*>& tried) const {
  for (size_t at = 0; at < endpoints_.size(); ++at) {
    if (usable(at, tried)) return true;
  }
  return false;
}

const Endpoint* Service::pick(size_t worker, const std::vector<const Endpoint*>& tried,
                              Instant now) const {
  Turn& turn = turns_.of(worker);
  size_t n = endpoints_.size();
  size_t second_best = n;
  for (size_t i = 0; i < n; ++i) {
    size_t at = (turn.next + i) % n;
    if (!usable(at, tried)) continue;
    if (!avoided(at, turn, now)) {
      turn.next = static_cast<uint32_t>((at + 1) % n);
      return &endpoints_[at];
    }
    if (second_best == n) second_best = at;
  }
  if (second_best == n) return nullptr;
  turn.next = static_cast<uint32_t>((second_best + 1) % n);
  return &endpoints_[second_best];
}

const Endpoint* Service::pick_for(uint64_t hash, size_t worker,
                                  const std::vector<const Endpoint*>& tried, Instant now) const {
  const Turn& turn = turns_.of(worker);
  const Endpoint* best = nullptr;
  uint64_t best_wish = 0;
  bool best_last = false;
  for (size_t at = 0; at < endpoints_.size(); ++at) {
    const Endpoint& endpoint = endpoints_[at];
    if (!usable(at, tried)) continue;
    bool last = avoided(at, turn, now);
    uint64_t wanted = wish(hash, endpoint.address);
    bool better = !best || last < best_last || (last == best_last && wanted > best_wish);
    if (!better) continue;
    best = &endpoint;
    best_wish = wanted;
    best_last = last;
  }
  return best;
}

const Endpoint* Service::first_for(uint64_t hash) const {
  auto first = std::ranges::max_element(
      endpoints_, {}, [hash](const Endpoint& endpoint) { return wish(hash, endpoint.address); });
  return first == endpoints_.end() ? nullptr : &*first;
}

void Service::failed(size_t worker, const Endpoint& endpoint, Instant now) const {
  Turn& turn = turns_.of(worker);
  size_t at = static_cast<size_t>(&endpoint - endpoints_.data());
  DCHECK(at < endpoints_.size());
  if (turn.avoid_until.empty()) turn.avoid_until.resize(endpoints_.size());
  turn.avoid_until[at] = now + kAvoid;
}

}  // namespace sallyport
