// Which listeners serve which site.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// REQUIRES: all outlive it; config.listeners are there, each with the index of its draft.
class SiteListeners {
 public:
  SiteListeners(const Draft& draft, Config& config, Problems& problems);

  /// The listeners that serve `site`, after complaints about names that are none, listeners that
  /// do not fit, hosts that another site has on the same listener, and hosts that can never match.
  /// REQUIRES: `hosts` are those of the draft's that are valid, with their places.
  std::vector<const ListenerConfig*> of(const DraftSite& site,
                                        const std::vector<std::pair<std::string, Place>>& hosts);

  /// After the last site: lets the listeners on which "*" is served have it as their default.
  void settle_unknown_sni();

 private:
  std::vector<size_t> written(const DraftSite& site, bool only_default);
  bool check_fit(size_t listener, const DraftSite& site, const Place& place);
  std::vector<size_t> fitting(const DraftSite& site, bool only_default) const;
  bool refuses_unknown(size_t listener) const;
  void claim_host(size_t listener, const std::string& host, const Place& place);
  void check_default(const std::vector<size_t>& serving, const Place& place);
  std::vector<std::string> names() const;

  const std::vector<DraftListener>& drafts_;
  std::vector<ListenerConfig>& listeners_;
  Problems& problems_;
  bool cluster_;  // more sites come, which nobody knows yet
  std::map<std::string, size_t> by_name_;
  std::vector<std::map<std::string, Place>> hosts_;  // of each listener
  std::set<std::string> contested_;                  // paths of hosts that were complained about
};

}  // namespace sallyport
