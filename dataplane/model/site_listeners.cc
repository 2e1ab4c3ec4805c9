#include "dataplane/model/site_listeners.h"

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

const std::vector<DraftListener> kNone;

bool passes_through(const DraftSite& site) {
  return site.scenario && *site.scenario == Scenario::Passthrough;
}

}  // namespace

SiteListeners::SiteListeners(const Draft& draft, Config& config, Problems& problems)
    : drafts_(draft.listeners ? *draft.listeners : kNone),
      listeners_(config.listeners),
      problems_(problems),
      cluster_(draft.kubernetes.given),
      hosts_(config.listeners.size()) {
  for (size_t i = 0; i < listeners_.size(); ++i) by_name_.emplace(listeners_[i].name, i);
}

// Where there is no TLS, unknown names are nothing to refuse a connection for.
bool SiteListeners::refuses_unknown(size_t listener) const {
  const auto& written = drafts_[listener].unknown_sni;
  return listeners_[listener].protocol != Protocol::Http && written &&
         *written == UnknownSni::Refuse;
}

std::vector<const ListenerConfig*> SiteListeners::of(
    const DraftSite& site, const std::vector<std::pair<std::string, Place>>& hosts) {
  bool only_default = std::all_of(hosts.begin(), hosts.end(),
                                  [](const auto& host) { return host.first == "*"; });
  std::vector<size_t> serving =
      site.listeners.given ? written(site, only_default) : fitting(site, only_default);
  if (!site.listeners.given && fitting(site, false).empty()) {
    // Where there are no listeners at all, that is what was complained about.
    if (!listeners_.empty()) {
      complain(problems_, site.place,
               passes_through(site) ? "can never match, for no listener takes passthrough: declare "
                                      "one of https or tls"
                                    : "can never match, for no listener takes sites: declare one "
                                      "of http, https or tls");
    }
  } else if (site.listeners && site.listeners->empty()) {
    complain(problems_, site.listeners.place, "is empty: name a listener, or leave it out for all");
  } else if (!site.listeners.given || !serving.empty()) {
    for (const auto& [host, place] : hosts) {
      if (host == "*") check_default(serving, place);
    }
  }
  std::vector<const ListenerConfig*> all;
  for (size_t listener : serving) {
    all.push_back(&listeners_[listener]);
    for (const auto& [host, place] : hosts) claim_host(listener, host, place);
  }
  return all;
}

std::vector<size_t> SiteListeners::written(const DraftSite& site, bool only_default) {
  std::vector<size_t> serving;
  const WrittenList<std::string>& list = site.listeners;
  if (!list) return serving;
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    auto found = by_name_.find(*item);
    if (found == by_name_.end()) {
      complain(problems_, item.place, not_declared(*item, names()));
    } else if (std::find(serving.begin(), serving.end(), found->second) != serving.end()) {
      complain(problems_, item.place, in_quotes(*item) + " is already in the list");
    } else if (!check_fit(found->second, site, item.place)) {
      continue;
    } else if (only_default && refuses_unknown(found->second) && list->size() > 1) {
      complain(problems_, item.place,
               "listener " + in_quotes(*item) + " never serves the site \"*\", for it refuses "
                                             "unknown names: leave it out, or say there "
                                             "unknown_sni: default");
    } else {
      serving.push_back(found->second);
    }
  }
  return serving;
}

bool SiteListeners::check_fit(size_t listener, const DraftSite& site, const Place& place) {
  const ListenerConfig& config = listeners_[listener];
  if (config.protocol == Protocol::Tcp) {
    complain(problems_, place,
             in_quotes(config.name) + " is a tcp listener, which has a service and no sites: name "
                                      "one with protocol http, https or tls");
    return false;
  }
  if (config.protocol == Protocol::Http && passes_through(site)) {
    complain(problems_, place,
             in_quotes(config.name) + " is an http listener, where there is no TLS to pass "
                                      "through: name one with protocol https or tls");
    return false;
  }
  return true;
}

std::vector<size_t> SiteListeners::fitting(const DraftSite& site, bool only_default) const {
  std::vector<size_t> serving;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (listeners_[i].protocol == Protocol::Tcp) continue;
    if (listeners_[i].protocol == Protocol::Http && passes_through(site)) continue;
    if (!only_default || !refuses_unknown(i)) serving.push_back(i);
  }
  return serving;
}

void SiteListeners::claim_host(size_t listener, const std::string& host, const Place& place) {
  auto [it, fresh] = hosts_[listener].emplace(host, place);
  // One sentence is enough for a host that two sites share on several listeners.
  if (fresh || !contested_.insert(place.path).second) return;
  complain(problems_, place,
           in_quotes(host) + " is already served on listener " +
               in_quotes(listeners_[listener].name) + " by the host at " + it->second.text());
}

// A "*" on listeners that all refuse unknown names would wait for ever.
void SiteListeners::check_default(const std::vector<size_t>& serving, const Place& place) {
  if (std::any_of(serving.begin(), serving.end(),
                  [this](size_t listener) { return !refuses_unknown(listener); })) {
    return;
  }
  complain(problems_, place,
           "\"*\" can never match, for each of its listeners refuses unknown names: say "
           "unknown_sni: default on one, or leave unknown_sni out");
}

void SiteListeners::settle_unknown_sni() {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (listeners_[i].protocol == Protocol::Tcp) continue;
    bool has_default = hosts_[i].count("*") > 0;
    const auto& written = drafts_[i].unknown_sni;
    if (!written.given) {
      listeners_[i].unknown_sni = has_default ? UnknownSni::Default : UnknownSni::Refuse;
    } else if (listeners_[i].protocol != Protocol::Http && written &&
               *written == UnknownSni::Default && !has_default && !cluster_) {
      complain(problems_, written.place,
               "default needs a site \"*\" on this listener: add one, or write refuse");
    }
  }
}

std::vector<std::string> SiteListeners::names() const {
  std::vector<std::string> all;
  for (const ListenerConfig& listener : listeners_) all.push_back(listener.name);
  return all;
}

}  // namespace sallyport
