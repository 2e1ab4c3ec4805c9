#include "dataplane/route/site_table.h"

namespace sallyport {

void SiteTable::add(std::string_view host, const Site& site) {
  if (host == "*") {
    if (!default_) default_ = &site;
  } else if (host.starts_with("*.")) {
    wildcard_.emplace(host.substr(2), &site);
  } else {
    exact_.emplace(host, &site);
  }
}

SiteTable::Found SiteTable::find(std::string_view name) const {
  if (!name.empty()) {
    if (auto it = exact_.find(name); it != exact_.end()) return {it->second, NameMatch::Exact};
    size_t dot = name.find('.');
    // RFC 6125 section 6.4.3: the wildcard stands for one whole label, which is not empty.
    if (dot != std::string_view::npos && dot > 0 && !wildcard_.empty()) {
      auto it = wildcard_.find(name.substr(dot + 1));
      if (it != wildcard_.end()) return {it->second, NameMatch::Wildcard};
    }
  }
  if (default_) return {default_, NameMatch::Default};
  return {};
}

}  // namespace sallyport
