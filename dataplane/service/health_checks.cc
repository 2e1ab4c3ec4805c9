#include "dataplane/service/health_checks.h"

#include <set>
#include <utility>

#include "dataplane/base/thread.h"
#include "dataplane/io/entropy.h"

namespace sallyport {

namespace {

std::minstd_rand seeded() {
  uint8_t bytes[4];
  fill_with_entropy(bytes);
  return std::minstd_rand(uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                          uint32_t{bytes[2]} << 8 | bytes[3]);
}

bool is_checked(const std::shared_ptr<const Service>* service) {
  return service && (*service)->health();
}

}  // namespace

HealthChecks::Running::Running(size_t tls_slot)
    : context{loop, scratch, tls_slot, seeded()},
      thread(start_thread("health", [this] { loop.run(); })) {}

HealthChecks::Running::~Running() {
  loop.stop();
  thread.join();  // before the probes go: they may not while the loop runs
}

void HealthChecks::Running::change(const Service* was, const std::shared_ptr<const Service>& now) {
  std::set<const EndpointHealth*> gone;
  if (was) {
    for (const auto& health : was->health()->endpoints) gone.insert(health.get());
  }
  for (size_t at = 0; now && at < now->health()->endpoints.size(); ++at) {
    const EndpointHealth* health = now->health()->endpoints[at].get();
    gone.erase(health);
    std::unique_ptr<HealthProbe>& probe = probes[health];
    if (probe) {
      probe->belongs_to(now, at);
    } else {
      probe = std::make_unique<HealthProbe>(context, now, at);
    }
  }
  for (const EndpointHealth* health : gone) {
    auto found = probes.find(health);
    if (found == probes.end()) continue;
    loop.bury(std::move(found->second));
    probes.erase(found);
  }
}

HealthChecks::~HealthChecks() = default;

void HealthChecks::use(const Services& services) {
  using Held = std::shared_ptr<const Service>;
  auto compare = [&](const std::string&, const Held* was, const Held* now) {
    Held before = is_checked(was) ? *was : nullptr;
    Held after = is_checked(now) ? *now : nullptr;
    if (!before && !after) return;
    if (!running_) running_ = std::make_unique<Running>(tls_slot_);
    Running& running = *running_;
    running.loop.submit([&running, before, after] { running.change(before.get(), after); });
  };
  services.for_each_difference(services_, compare);
  services_ = services;
}

}  // namespace sallyport
