#include "dataplane/model/site_listeners.h"

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

const std::vector<DraftListener> kNone;

}  // namespace

SiteListeners::SiteListeners(const Draft& draft, Config& config, Problems& problems)
    : drafts_(draft.listeners ? *draft.listeners : kNone),
      listeners_(config.listeners),
      problems_(problems),
      hosts_(config.listeners.size()) {
  for (size_t i = 0; i < listeners_.size(); ++i) by_name_.emplace(listeners_[i].name, i);
}

bool SiteListeners::refuses_unknown(size_t listener) const {
  const auto& written = drafts_[listener].unknown_sni;
  return written && *written == UnknownSni::Refuse;
}

std::vector<std::string> SiteListeners::of(
    const DraftSite& site, const std::vector<std::pair<std::string, Place>>& hosts) {
  bool only_default = std::all_of(hosts.begin(), hosts.end(),
                                  [](const auto& host) { return host.first == "*"; });
  std::vector<size_t> serving =
      site.listeners.given ? written(site.listeners, only_default) : fitting(only_default);
  if (!site.listeners.given && fitting(false).empty()) {
    // Where there are no listeners at all, that is what was complained about.
    if (!listeners_.empty()) {
      complain(problems_, site.place,
               "can never match, for no listener takes sites: declare one of https or tls");
    }
  } else if (site.listeners && site.listeners->empty()) {
    complain(problems_, site.listeners.place, "is empty: name a listener, or leave it out for all");
  } else if (!site.listeners.given || !serving.empty()) {
    for (const auto& [host, place] : hosts) {
      if (host == "*") check_default(serving, place);
    }
  }
  std::vector<std::string> names;
  for (size_t listener : serving) {
    names.push_back(listeners_[listener].name);
    for (const auto& [host, place] : hosts) claim_host(listener, host, place);
  }
  return names;
}

std::vector<size_t> SiteListeners::written(const WrittenList<std::string>& list,
                                           bool only_default) {
  std::vector<size_t> serving;
  if (!list) return serving;
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    auto found = by_name_.find(*item);
    if (found == by_name_.end()) {
      complain(problems_, item.place, not_declared(*item, names()));
    } else if (std::find(serving.begin(), serving.end(), found->second) != serving.end()) {
      complain(problems_, item.place, in_quotes(*item) + " is already in the list");
    } else if (listeners_[found->second].protocol == Protocol::Tcp) {
      complain(problems_, item.place,
               in_quotes(*item) + " is a tcp listener, which has a service and no sites: name one "
                               "with protocol https or tls");
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

std::vector<size_t> SiteListeners::fitting(bool only_default) const {
  std::vector<size_t> serving;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (listeners_[i].protocol == Protocol::Tcp) continue;
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
    } else if (written && *written == UnknownSni::Default && !has_default) {
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
