// The part of validation that concerns where the traffic of sites goes.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/service_book.h"

namespace sallyport {

/// REQUIRES: all outlive it.
class SiteRoutes {
 public:
  SiteRoutes(ServiceBook& services, const HttpConfig& http, Problems& problems)
      : services_(services), http_(http), problems_(problems) {}

  /// Makes site.routes. `bytes` says what of the site carries bytes ("passthrough"), so that there
  /// can only be one route; empty: nothing does.
  void add(const DraftSite& draft, const std::string& bytes, SiteConfig& site);

  /// After the last site: complains about services whose tls nobody uses.
  void check_unused_tls();

 private:
  void add_each(const DraftSite& draft, const std::string& bytes, SiteConfig& site);
  void check_bytes(const DraftRoute& draft, bool first, const std::string& bytes);
  bool check_path(const DraftRoute& draft, const SiteConfig& site, RouteConfig& route);
  void add_one(const Written<DraftTarget>& target, const DraftSite& draft, RouteConfig route,
               SiteConfig& site);
  void check_service(const ServiceConfig& service, Scenario scenario, const Place& place);

  ServiceBook& services_;
  const HttpConfig& http_;
  Problems& problems_;
  std::set<std::string> reencrypted_;
  std::vector<std::pair<std::string, Place>> passed_through_;
};

}  // namespace sallyport
