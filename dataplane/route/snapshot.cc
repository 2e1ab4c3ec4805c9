#include "dataplane/route/snapshot.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/list_delta.h"
#include "dataplane/route/snapshot_parts.h"

namespace sallyport {

namespace {

constexpr size_t kCheckedAtOnce = 64;  // which takes 20 ms

const std::string& name_of_service(const ServiceConfig& service) { return service.name; }
const std::string& name_of_site(const SiteConfig& site) { return site.hosts.front(); }

}  // namespace

// What is to be done.
struct SnapshotBuilder::Run : Build {
  std::shared_ptr<Snapshot> snapshot = std::make_shared<Snapshot>();

  void run() {
    snapshot->config = config;
    find_stale();
    build_services();
    build_sites();
    build_listeners();
    snapshot->services = services;
  }

  // Who was made from what is another now.
  void find_stale() {
    const Dependents& dependents = builder.dependents_;
    auto compare = [&](const std::string& name, const auto* was, const auto* now) {
      if (!was || !now || !(**was == **now)) dependents.collect(secret_thing(name), stale);
    };
    materials.secrets.for_each_difference(builder.materials_.secrets, compare);
    for (const auto& [host, addresses] : materials.addresses) {
      auto was = builder.materials_.addresses.find(host);
      if (was != builder.materials_.addresses.end() && was->second == addresses) continue;
      dependents.collect(host_thing(host), stale);
    }
    for (const auto& [host, _] : builder.materials_.addresses) {
      if (!materials.addresses.contains(host)) dependents.collect(host_thing(host), stale);
    }
  }

  // Says whether `now` can be what `was` became: the same, and of nothing that has changed.
  template <class T>
  bool keeps(const std::shared_ptr<const T>* was, const std::shared_ptr<const T>& now) {
    if (!was) return false;
    if (anew || stale.contains(was->get())) {
      forgotten.push_back(was->get());
      return false;
    }
    if (*was != now) renamed.emplace_back(was->get(), now.get());
    return true;
  }

  void build_services() {
    static const SharedList<ServiceConfig> none;
    const SharedList<ServiceConfig>& was = last ? last->config.services : none;
    ListDelta delta = ListDelta::between(was, config.services, name_of_service);
    if (last) services = last->services;
    for (size_t i : delta.gone) {
      forgotten.push_back(was.items()[i].get());
      services.erase(was[i].name);
      builder.dependents_.collect(service_thing(was[i].name), stale);
    }
    for (size_t i = 0; i < config.services.size(); ++i) {
      size_t before = delta.before[i];
      bool same = before != ListDelta::kNone;
      if (keeps(same ? &was.items()[before] : nullptr, config.services.items()[i])) continue;
      make_service(i, same);
    }
  }

  void make_service(size_t i, bool same) {
    const ServiceConfig& service = config.services[i];
    const auto* before = last ? last->services.find(service.name) : nullptr;
    things.clear();
    auto built = build_service(service, place_of(service.place, "services", i), before, same);
    newcomers.emplace_back(&service, std::move(things));
    if (!built || (before && *before == built)) return;
    builder.dependents_.collect(service_thing(service.name), stale);
    services.put(service.name, std::move(built));
  }

  void build_sites() {
    static const SharedList<SiteConfig> none;
    const SharedList<SiteConfig>& was = last ? last->config.sites : none;
    ListDelta delta = ListDelta::between(was, config.sites, name_of_site);
    for (size_t i : delta.gone) forgotten.push_back(was.items()[i].get());
    sites_gone = std::move(delta.gone);
    snapshot->sites.resize(config.sites.size());
    for (size_t i = 0; i < config.sites.size(); ++i) {
      size_t before = delta.before[i];
      bool same = before != ListDelta::kNone;
      if (keeps(same ? &was.items()[before] : nullptr, config.sites.items()[i])) {
        snapshot->sites[i] = last->sites[before];
        continue;
      }
      if (same) sites_gone.push_back(before);
      sites_made.push_back(i);
      things.clear();
      const SiteConfig& site = config.sites[i];
      snapshot->sites[i] = build_site(site, place_of(site.place, "sites", i));
      newcomers.emplace_back(&site, std::move(things));
    }
  }

  void build_listeners() {
    for (size_t i = 0; i < config.listeners.size(); ++i) {
      const auto* before = anew ? nullptr : &last->listeners[i];
      if (before && !concerns(**before)) {
        snapshot->listeners.push_back(*before);
        continue;
      }
      auto rules = before ? std::make_shared<ListenerRules>(**before)
                          : std::make_shared<ListenerRules>();
      rules->config = config.listeners[i];
      const auto* service = services.find(rules->config.service);
      rules->service = service ? *service : nullptr;
      for (size_t gone : sites_gone) {
        if (before) take_off(*rules, last->config.sites[gone], *last->sites[gone]);
      }
      for (size_t fresh : sites_made) {
        put_on(*rules, config.sites[fresh], *snapshot->sites[fresh]);
      }
      snapshot->listeners.push_back(std::move(rules));
    }
  }

  // What the listener makes of a site: its hosts, or none of them.
  static void put_on(ListenerRules& rules, const SiteConfig& config_of_site, const Site& site) {
    if (!is_on(config_of_site, rules.config.name)) return;
    for (const std::string& host : config_of_site.hosts) {
      if (host == "*" && rules.config.unknown_sni == UnknownSni::Refuse) continue;
      rules.sites.add(host, site);
    }
  }

  static void take_off(ListenerRules& rules, const SiteConfig& config_of_site, const Site& site) {
    if (!is_on(config_of_site, rules.config.name)) return;
    for (const std::string& host : config_of_site.hosts) rules.sites.remove(host, site);
  }

  // Whether anything has changed for the listener.
  bool concerns(const ListenerRules& rules) const {
    const std::string& name = rules.config.name;
    if (rules.config.protocol == Protocol::Tcp) {
      const auto* service = services.find(rules.config.service);
      return rules.service != (service ? *service : nullptr);
    }
    return std::any_of(sites_gone.begin(), sites_gone.end(),
                       [&](size_t i) { return is_on(last->config.sites[i], name); }) ||
           std::any_of(sites_made.begin(), sites_made.end(),
                       [&](size_t i) { return is_on(config.sites[i], name); });
  }

  // Where something stands: in a file, or in a list that nobody has written.
  static std::string place_of(const Place& place, const char* list, size_t i) {
    return place.path.empty() ? std::string(list) + "[" + std::to_string(i) + "]" : place.path;
  }

  // Few are checked before they are used; so many that it would take long, afterwards: a pair that
  // is bad in spite of how it looks then harms its own sites only.
  void check_certificates() {
    bool soon = builder.checks_ == Checks::Soon && unchecked.size() > kCheckedAtOnce;
    std::vector<UncheckedCertificate> later;
    for (UncheckedCertificate& one : unchecked) {
      if (soon && !replaces(one.secret)) {
        later.push_back(std::move(one));
        continue;
      }
      Result<void> good = one.certificate->check();
      if (good) continue;
      problem(one.place, one.path, "secret \"" + one.secret + "\": " + good.error().message);
    }
    unchecked = std::move(later);
  }

  // A pair that is in use would be lost.
  bool replaces(const std::string& secret) const {
    const auto* before = builder.materials_.secrets.find(secret);
    return before && !(*before)->tls_crt.empty();
  }

  // It is what the next one is a change of.
  void commit() {
    Dependents& dependents = builder.dependents_;
    for (Dependents::User user : forgotten) dependents.remove(user);
    for (const auto& [from, to] : renamed) dependents.rename(from, to);
    for (auto& [user, of] : newcomers) dependents.add(user, std::move(of));
    builder.last_ = snapshot;
    builder.materials_ = materials;
    for (UncheckedCertificate& one : unchecked) builder.unchecked_.push_back(std::move(one));
    builder.work_.sites += work.sites;
    builder.work_.services += work.services;
    builder.work_.contexts += work.contexts;
    builder.work_.certificates += work.certificates;
  }
};

std::vector<std::shared_ptr<Stapling>> SnapshotBuilder::staplings() {
  std::vector<std::shared_ptr<Stapling>> all;
  for (const auto& one : staplings_) {
    if (auto held = one.lock()) all.push_back(std::move(held));
  }
  staplings_.assign(all.begin(), all.end());
  return all;
}

std::vector<UncheckedCertificate> SnapshotBuilder::take_unchecked() {
  return std::exchange(unchecked_, {});
}

std::shared_ptr<const Snapshot> SnapshotBuilder::build(const Config& config,
                                                       const Materials& materials,
                                                       Problems& problems) {
  size_t before = problems.size();
  Run run{{*this, config, materials, problems}};
  run.last = last_.get();
  run.anew = !last_ || !(config.settings() == last_->config.settings());
  run.run();
  run.check_certificates();
  std::vector<std::string> ticket_secrets = run.ticket_secrets();
  if (run.incomplete || problems.size() != before) return nullptr;

  ticket_ring_->use(ticket_secrets);
  for (std::string& secret : ticket_secrets) explicit_bzero(secret.data(), secret.size());
  run.commit();
  return run.snapshot;
}

}  // namespace sallyport
