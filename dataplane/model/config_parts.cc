#include "dataplane/model/config_parts.h"

#include <algorithm>
#include <string_view>

namespace sallyport {

namespace {

std::string_view key_of(const SiteConfig& site) { return site.hosts.front(); }
std::string_view key_of(const ServiceConfig& service) { return service.name; }

template <class T>
auto place_of(const std::vector<std::shared_ptr<const T>>& list, std::string_view key) {
  return std::partition_point(list.begin(), list.end(),
                              [&](const auto& item) { return key_of(*item) < key; });
}

template <class T>
void change(std::vector<std::shared_ptr<const T>>& list,
            const std::vector<std::shared_ptr<const T>>& fresh,
            const std::vector<std::string>& gone) {
  for (const std::string& key : gone) {
    auto at = place_of(list, key);
    if (at != list.end() && key_of(**at) == key) list.erase(at);
  }
  for (const auto& item : fresh) {
    auto at = place_of(list, key_of(*item));
    if (at != list.end() && key_of(**at) == key_of(*item)) {
      list[static_cast<size_t>(at - list.begin())] = item;
    } else {
      list.insert(at, item);
    }
  }
}

}  // namespace

void ConfigParts::set_base(const Config& base) {
  base_ = base;
  hosts_.clear();
  for (const SiteConfig& site : base.sites) hosts_.insert(site.hosts.begin(), site.hosts.end());
}

bool ConfigParts::is_of_file(const SiteConfig& site) const {
  if (hosts_.empty()) return false;
  return std::any_of(site.hosts.begin(), site.hosts.end(),
                     [this](const std::string& host) { return hosts_.contains(host); });
}

void ConfigParts::apply(const PartsChange& changed) {
  if (changed.whole) {
    sites_.clear();
    services_.clear();
    services_.reserve(changed.services.size());
    sites_.reserve(changed.sites.size());
  }
  change(sites_, changed.sites, changed.sites_gone);
  change(services_, changed.services, changed.services_gone);
}

Config ConfigParts::config() const {
  Config config = base_;
  config.services.reserve(base_.services.size() + services_.size());
  for (const auto& service : services_) config.services.push_back(service);
  config.sites.reserve(base_.sites.size() + sites_.size());
  for (const auto& site : sites_) {
    if (!is_of_file(*site)) config.sites.push_back(site);
  }
  auto rest = place_of(sites_, "*");
  if (rest == sites_.end() || key_of(**rest) != "*" || is_of_file(**rest)) return config;
  for (ListenerConfig& listener : config.listeners) {
    const std::vector<std::string>& on = (*rest)->listeners;
    if (std::find(on.begin(), on.end(), listener.name) == on.end()) continue;
    listener.unknown_sni = UnknownSni::Default;
  }
  return config;
}

}  // namespace sallyport
