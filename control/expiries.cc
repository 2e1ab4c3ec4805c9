#include "control/expiries.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <unordered_map>

#include "dataplane/observe/prometheus_traffic.h"

namespace sallyport {

namespace {

constexpr std::time_t kNever = std::numeric_limits<std::time_t>::max();

// By the secret's name, which the snapshot holds.
class Times {
 public:
  void add(std::string_view secret, std::time_t at) {
    if (at == kNever) return;
    auto [found, fresh] = first_.try_emplace(secret, at);
    if (!fresh) found->second = std::min(found->second, at);
  }
  size_t size() const { return first_.size(); }

  std::vector<ExpiryMetrics::Expiry> soonest() const {
    std::vector<std::pair<std::time_t, std::string_view>> all;
    all.reserve(first_.size());
    for (const auto& [secret, at] : first_) all.emplace_back(at, secret);
    auto kept = static_cast<ptrdiff_t>(std::min(all.size(), kSamplesMost));
    std::partial_sort(all.begin(), all.begin() + kept, all.end());
    std::vector<ExpiryMetrics::Expiry> some;
    for (ptrdiff_t i = 0; i < kept; ++i) {
      const auto& [at, secret] = all[static_cast<size_t>(i)];
      some.push_back({std::string(secret), at});
    }
    return some;
  }

 private:
  std::unordered_map<std::string_view, std::time_t> first_;
};

}  // namespace

ExpiryMetrics expiries(const Snapshot& snapshot) {
  Times certificates, lists;
  auto add_list = [&](const ClientAuth& auth, const ClientDemandPtr& demand) {
    if (demand) lists.add(auth.secret, demand->trust->lists_until());
  };
  for (size_t i = 0; i < snapshot.sites.size(); ++i) {
    const SiteConfig& config = snapshot.config.sites[i];
    const Site& site = *snapshot.sites[i];
    for (size_t c = 0; c < site.certificates.size(); ++c) {
      certificates.add(config.secrets[c], site.certificates[c]->facts().not_after);
    }
    add_list(config.client_auth, site.client_auth);
    for (size_t r = 0; r < site.routes.size(); ++r) {
      const RouteConfig& route = config.routes[r];
      if (route.client_auth) add_list(*route.client_auth, site.routes[r]->client_auth);
    }
  }
  for (const ServiceConfig& config : snapshot.config.services) {
    const auto* service = config.tls ? snapshot.services.find(config.name) : nullptr;
    if (!service || !(*service)->tls()) continue;
    const BackendContext& tls = *(*service)->tls();
    certificates.add(config.tls->secret, tls.own_until().value_or(kNever));
    lists.add(config.tls->secret, tls.lists_until().value_or(kNever));
  }
  return {certificates.soonest(), lists.soonest(), certificates.size()};
}

}  // namespace sallyport
