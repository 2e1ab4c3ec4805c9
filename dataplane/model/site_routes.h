// The part of validation that concerns where the traffic of sites goes.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/client_auth_rules.h"
#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/route_rules.h"
#include "dataplane/model/service_book.h"

namespace sallyport {

/// REQUIRES: all outlive it.
class SiteRoutes {
 public:
  SiteRoutes(ServiceBook& services, ClientAuthRules& client_auth, const HttpConfig& http,
             Problems& problems)
      : services_(services),
        client_auth_(client_auth),
        http_(http),
        problems_(problems),
        rules_(http, problems) {}

  /// Makes site.routes: only one where something of the site carries bytes, and none where it has
  /// one answer for everything.
  /// REQUIRES: the site's client_auth is there.
  void add(const DraftSite& draft, const SiteKind& kind, SiteConfig& site);

  /// After the last site: complains about services whose tls nobody uses.
  void check_unused_tls();

 private:
  void add_each(const DraftSite& draft, const SiteKind& kind, SiteConfig& site);
  void check_client_auth(const DraftRoute& draft, const SiteKind& kind, const SiteConfig& site,
                         RouteConfig& route);
  void check_bytes(const DraftRoute& draft, bool first, const std::string& bytes);
  bool check_path(const DraftRoute& draft, const SiteConfig& site, RouteConfig& route);
  void add_one(const Written<DraftTarget>& target, const DraftSite& draft, RouteConfig route,
               SiteConfig& site);
  void check_service(const ServiceConfig& service, Scenario scenario, const Place& place);

  ServiceBook& services_;
  ClientAuthRules& client_auth_;
  const HttpConfig& http_;
  Problems& problems_;
  RouteRules rules_;
  std::set<std::string> reencrypted_;
  std::vector<std::pair<std::string, Place>> passed_through_;
};

}  // namespace sallyport
