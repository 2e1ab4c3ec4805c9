#include "control/kube/salvage.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

namespace sallyport::kube {

namespace {

// The number in "sites[12].secret", if the path begins with the list.
std::optional<size_t> index_in(std::string_view list, std::string_view path) {
  if (!path.starts_with(list)) return {};
  path.remove_prefix(list.size());
  size_t index = 0;
  auto [end, failed] = std::from_chars(path.data(), path.data() + path.size(), index);
  if (failed != std::errc() || end == path.data() + path.size() || *end != ']') return {};
  return index;
}

bool uses(const SiteConfig& site, const std::set<std::string>& services) {
  return std::any_of(site.routes.begin(), site.routes.end(), [&](const RouteConfig& route) {
    return services.count(route.service) > 0;
  });
}

}  // namespace

std::optional<Config> without_what_is_wrong(const Config& config, const Problems& problems,
                                            size_t file_sites, size_t file_services) {
  std::set<size_t> sites;
  std::set<std::string> services;
  for (const Problem& problem : problems) {
    if (auto site = index_in("sites[", problem.path)) {
      if (*site < file_sites || *site >= config.sites.size()) return {};
      sites.insert(*site);
    } else if (auto service = index_in("services[", problem.path)) {
      if (*service < file_services || *service >= config.services.size()) return {};
      services.insert(config.services[*service].name);
    } else {
      return {};
    }
  }
  if (sites.empty() && services.empty()) return {};
  Config rest = config;
  rest.sites = {};
  rest.services = {};
  for (size_t i = 0; i < config.sites.size(); ++i) {
    bool wrong = sites.count(i) > 0 || (i >= file_sites && uses(config.sites[i], services));
    if (!wrong) rest.sites.push_back(config.sites.items()[i]);
  }
  for (const auto& service : config.services.items()) {
    if (!services.count(service->name)) rest.services.push_back(service);
  }
  return rest;
}

}  // namespace sallyport::kube
