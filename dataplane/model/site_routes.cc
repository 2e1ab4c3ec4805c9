#include "dataplane/model/site_routes.h"

#include <algorithm>

#include "dataplane/model/complain.h"
#include "dataplane/model/route_path.h"

namespace sallyport {

void SiteRoutes::add(const DraftSite& draft, const SiteKind& kind, SiteConfig& site) {
  if (draft.respond.given) {
    for (const auto& [given, place] : {std::pair(draft.service.given, &draft.service.place),
                                       std::pair(draft.routes.given, &draft.routes.place)}) {
      if (!given) continue;
      complain(problems_, *place, "stands beside respond, which asks no backend: leave one of "
                                  "them out");
    }
  } else if (draft.service.given && draft.routes.given) {
    complain(problems_, draft.routes.place,
             "stands beside service, which is one route for /: leave one of them out");
  } else if (draft.service.given) {
    RouteConfig route;
    route.place = draft.service.place;
    add_one(draft.service, draft, route, site);
  } else if (!draft.routes.given) {
    complain(problems_, draft.place, "service is missing: name one, or write its endpoints");
  } else if (draft.routes) {
    add_each(draft, kind, site);
  }
}

void SiteRoutes::add_each(const DraftSite& draft, const SiteKind& kind, SiteConfig& site) {
  const std::vector<DraftRoute>& routes = *draft.routes;
  if (routes.empty()) complain(problems_, draft.routes.place, "is empty: write a route for /");
  for (size_t i = 0; i < routes.size(); ++i) {
    RouteConfig route;
    route.place = routes[i].place;
    if (!kind.bytes.empty()) check_bytes(routes[i], i == 0, kind.bytes);
    bool matches = !kind.bytes.empty() || check_path(routes[i], site, route);
    if (kind.bytes.empty()) {
      rules_.check(routes[i], kind, route);
    } else {
      rules_.refuse_for_bytes(routes[i], kind.bytes);
      if (!routes[i].service.given) complain(problems_, route.place, "service is missing");
    }
    check_client_auth(routes[i], kind, site, route);
    if (!matches) continue;
    if (route.redirect || route.respond) {
      site.routes.push_back(std::move(route));
    } else {
      add_one(routes[i].service, draft, std::move(route), site);
    }
  }
}

void SiteRoutes::check_client_auth(const DraftRoute& draft, const SiteKind& kind,
                                   const SiteConfig& site, RouteConfig& route) {
  const Written<DraftClientAuth>& auth = draft.client_auth;
  if (!auth.given) return;
  if (!kind.bytes.empty()) {
    complain(problems_, auth.place,
             "has no effect on a route, for " + kind.bytes +
                 " carries bytes: write it on the site");
  } else if (kind.in_the_clear) {
    complain(problems_, auth.place,
             "needs TLS, but the site is on http listeners only: leave it out, or have the site on "
             "an https listener");
  } else if (!http_.normalize_paths) {
    complain(problems_, auth.place,
             "can be walked around where paths are not normalised: say http.normalize_paths: true");
  } else if (auth) {
    client_auth_.of_route(auth, site.client_auth, route.client_auth.emplace());
  }
}

void SiteRoutes::check_bytes(const DraftRoute& draft, bool first, const std::string& bytes) {
  if (!first) {
    complain(problems_, draft.place,
             "is a second route, but " + bytes + " carries bytes, which have no path: write one "
                                                 "route for /");
  }
  if (draft.path && *draft.path != "/") {
    complain(problems_, draft.path.place,
             in_quotes(*draft.path) + " cannot be told from other paths, for " + bytes +
                 " carries bytes: write /");
  }
  if (draft.path_type && *draft.path_type != PathType::Prefix) {
    complain(problems_, draft.path_type.place,
             name(*draft.path_type) + std::string(" is not possible, for ") + bytes +
                 " carries bytes, which have no path: write Prefix");
  }
}

// Says whether requests can meet the route, after a complaint if not.
bool SiteRoutes::check_path(const DraftRoute& draft, const SiteConfig& site, RouteConfig& route) {
  if (draft.path.wrong() || draft.path_type.wrong()) return true;  // which nobody knows
  route.path_type = draft.path_type.or_else(PathType::Prefix);
  auto path = parse_route_path(draft.path.or_else("/"), route.path_type, http_);
  if (!path) {
    complain(problems_, draft.path.place, path.error().message);
    return true;  // perhaps, once it is mended
  }
  route.path = *path;
  auto same = std::find_if(site.routes.begin(), site.routes.end(), [&](const RouteConfig& other) {
    return other.path == route.path && other.path_type == route.path_type;
  });
  if (same == site.routes.end()) return true;
  complain(problems_, draft.path.given ? draft.path.place : draft.place,
           std::string("can never match, for the route at ") + same->place.text() + " is the " +
               name(route.path_type) + " " + in_quotes(route.path) +
               " already: leave one of them out");
  return false;
}

void SiteRoutes::add_one(const Written<DraftTarget>& target, const DraftSite& draft,
                         RouteConfig route, SiteConfig& site) {
  if (!target) return;
  const ServiceConfig* service =
      services_.resolve(target, site.hosts.empty() ? "" : site.hosts.front());
  if (!service) return;
  route.service = service->name;
  site.routes.push_back(std::move(route));
  if (draft.scenario) check_service(*service, site.scenario, target.place);
}

void SiteRoutes::check_service(const ServiceConfig& service, Scenario scenario,
                               const Place& place) {
  if (scenario == Scenario::Reencrypt) {
    reencrypted_.insert(service.name);
    if (!service.tls) {
      complain(problems_, place,
               "service " + in_quotes(service.name) +
                   " has no tls, which reencrypt needs: declare it under services with tls: {}");
    }
  } else if (scenario == Scenario::Offload && service.tls) {
    complain(problems_, place,
             "service " + in_quotes(service.name) +
                 " has tls, but offload sends plain bytes: say scenario: reencrypt");
  } else if (scenario == Scenario::Passthrough && service.tls) {
    passed_through_.emplace_back(service.name, place);
  }
}

// A service may serve both a site that re-encrypts and one that passes through. When only the
// latter use it, its tls looks like a protection that is not there.
void SiteRoutes::check_unused_tls() {
  for (const auto& [service, place] : passed_through_) {
    if (reencrypted_.count(service) > 0) continue;
    complain(problems_, place,
             "service " + in_quotes(service) +
                 " has tls, which passthrough does not use: leave it out there, or say "
                 "scenario: reencrypt");
  }
}

}  // namespace sallyport
