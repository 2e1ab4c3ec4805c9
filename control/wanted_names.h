// The names among all endpoints, kept while services come and go.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/base/list_delta.h"
#include "dataplane/model/config.h"

namespace sallyport {

class WantedNames {
 public:
  /// Says whether there are others now. Costs what has changed.
  bool change(const SharedList<ServiceConfig>& was, const SharedList<ServiceConfig>& now) {
    bool changed = false;
    ListDelta delta = ListDelta::between(was, now, [](const ServiceConfig& s) -> const auto& {
      return s.name;
    });
    for (size_t i = 0; i < now.size(); ++i) {
      if (delta.before[i] == ListDelta::kNone) changed |= count(now[i], 1);
    }
    for (size_t i : delta.gone) changed |= count(was[i], -1);
    return changed;
  }

  std::vector<std::string> all() const {
    std::vector<std::string> names;
    for (const auto& [name, _] : names_) names.push_back(name);
    return names;
  }

 private:
  bool count(const ServiceConfig& service, int change) {
    bool changed = false;
    for (const EndpointConfig& endpoint : service.endpoints) {
      if (Address::parse_ip(endpoint.host)) continue;
      int& users = names_[endpoint.host];
      changed |= users == 0;
      users += change;
      if (users > 0) continue;
      names_.erase(endpoint.host);
      changed = true;
    }
    return changed;
  }

  std::map<std::string, int> names_;  // how many endpoints have each
};

}  // namespace sallyport
