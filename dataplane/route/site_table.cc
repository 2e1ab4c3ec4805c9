#include "dataplane/route/site_table.h"

namespace sallyport {

namespace {

void claim(SharedMap<const Site*>& map, std::string_view name, const Site& site) {
  if (!map.find(name)) map.put(name, &site);
}

void release(SharedMap<const Site*>& map, std::string_view name, const Site& site) {
  const Site* const* holder = map.find(name);
  if (holder && *holder == &site) map.erase(name);
}

}  // namespace

void SiteTable::add(std::string_view host, const Site& site) {
  if (host == "*") {
    if (!default_) default_ = &site;
  } else if (host.starts_with("*.")) {
    claim(wildcard_, host.substr(2), site);
  } else {
    claim(exact_, host, site);
  }
}

void SiteTable::remove(std::string_view host, const Site& site) {
  if (host == "*") {
    if (default_ == &site) default_ = nullptr;
  } else if (host.starts_with("*.")) {
    release(wildcard_, host.substr(2), site);
  } else {
    release(exact_, host, site);
  }
}

SiteTable::Found SiteTable::find(std::string_view name) const {
  if (!name.empty()) {
    if (const Site* const* site = exact_.find(name)) return {*site, NameMatch::Exact};
    size_t dot = name.find('.');
    // RFC 6125 section 6.4.3: the wildcard stands for one whole label, which is not empty.
    if (dot != std::string_view::npos && dot > 0 && !wildcard_.empty()) {
      const Site* const* site = wildcard_.find(name.substr(dot + 1));
      if (site) return {*site, NameMatch::Wildcard};
    }
  }
  if (default_) return {default_, NameMatch::Default};
  return {};
}

}  // namespace sallyport
