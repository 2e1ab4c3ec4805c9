#include "dataplane/model/validate_sites.h"

#include <algorithm>
#include <set>

#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"
#include "dataplane/model/site_listeners.h"

namespace sallyport {
namespace {

// More intermediates than any public or private chain has.
constexpr uint64_t kMostDepth = 16;

class Sites {
 public:
  Sites(const Draft& draft, SecretBook& secrets, ServiceBook& services, Config& config,
        Problems& problems)
      : draft_(draft),
        secrets_(secrets),
        services_(services),
        config_(config),
        problems_(problems),
        listeners_(draft, config, problems) {}

  void run() {
    for (const DraftSite& site : draft_.sites) config_.sites.push_back(checked(site));
    listeners_.settle_unknown_sni();
    check_unused_tls();
  }

 private:
  SiteConfig checked(const DraftSite& draft) {
    SiteConfig site;
    site.place = draft.place;
    auto hosts = checked_hosts(draft);
    for (const auto& [host, place] : hosts) site.hosts.push_back(host);
    site.listeners = listeners_.of(draft, hosts);
    site.scenario = draft.scenario.or_else(Scenario::Offload);
    if (!draft.scenario.given) {
      complain(problems_, draft.place,
               "scenario is missing: write offload, passthrough or reencrypt");
    }
    if (draft.scenario && site.scenario == Scenario::Passthrough) {
      refuse_tls(draft);
    } else {
      check_tls(draft, site);
    }
    check_redirect(draft);
    check_route(draft, site);
    return site;
  }

  std::vector<std::pair<std::string, Place>> checked_hosts(const DraftSite& draft) {
    std::vector<std::pair<std::string, Place>> hosts;
    if (!draft.hosts.given) {
      complain(problems_, draft.place,
               "host is missing: write a name, \"*.example.com\", or \"*\" for everything else");
    }
    if (!draft.hosts) return hosts;
    if (draft.hosts->empty()) complain(problems_, draft.hosts.place, "is empty: write a host");
    for (const Written<std::string>& item : *draft.hosts) {
      if (!item) continue;
      if (auto host = parse_site_host(*item)) {
        hosts.emplace_back(*host, item.place);
      } else {
        complain(problems_, item.place, host.error().message);
      }
    }
    return hosts;
  }

  void refuse_tls(const DraftSite& draft) {
    refuse_on_passthrough(draft.secrets.given, draft.secrets.place);
    refuse_on_passthrough(draft.min_tls.given, draft.min_tls.place);
    refuse_on_passthrough(draft.alpn.given, draft.alpn.place);
    const auto& auth = draft.client_auth;
    bool off = auth && auth->verify.value == VerifyClient::Off;
    refuse_on_passthrough(auth.given && !off, auth.place);
  }

  void refuse_on_passthrough(bool given, const Place& place) {
    if (!given) return;
    complain(problems_, place,
             "has no effect with passthrough, where the client's TLS ends at the backend: leave it "
             "out, or say scenario: offload or reencrypt");
  }

  void check_tls(const DraftSite& draft, SiteConfig& site) {
    site.min_tls = draft.min_tls.or_else(TlsVersion::V1_2);
    site.alpn = check_alpn(draft.alpn, problems_);
    check_secrets(draft, site);
    if (draft.client_auth) check_client_auth(draft.client_auth, site.client_auth);
  }

  void check_secrets(const DraftSite& draft, SiteConfig& site) {
    if (!draft.secrets.given) {
      // Without a scenario nobody knows yet whether the site needs one.
      if (!draft.scenario || site.hosts.empty()) return;
      site.secrets.push_back(site.hosts.front());
      secrets_.use(site.hosts.front(), draft.place, SecretUse::Server, true);
      return;
    }
    if (!draft.secrets) return;
    if (draft.secrets->empty()) complain(problems_, draft.secrets.place, "is empty: name a secret");
    for (const Written<std::string>& item : *draft.secrets) {
      if (!item) continue;
      if (std::find(site.secrets.begin(), site.secrets.end(), *item) != site.secrets.end()) {
        complain(problems_, item.place, in_quotes(*item) + " is already in the list");
        continue;
      }
      site.secrets.push_back(*item);
      secrets_.use(*item, item.place, SecretUse::Server);
    }
  }

  void check_client_auth(const Written<DraftClientAuth>& draft, ClientAuth& auth) {
    auth.place = draft.place;
    if (draft->verify.wrong()) return;
    VerifyClient verify = draft->verify.or_else(VerifyClient::Required);
    if (verify == VerifyClient::Off) return;
    auth.verify = verify;
    if (draft->secret) {
      auth.secret = *draft->secret;
      secrets_.use(auth.secret, draft->secret.place, SecretUse::Authorities);
    } else if (!draft->secret.given) {
      complain(problems_, draft.place,
               "secret is missing: its ca.crt says whose client certificates are trusted");
    }
    if (!draft->depth) return;
    if (*draft->depth > kMostDepth) {
      complain(problems_, draft->depth.place,
               std::to_string(*draft->depth) + " is out of range: write 0 to 16");
      return;
    }
    auth.depth = static_cast<int>(*draft->depth);
  }

  void check_redirect(const DraftSite& draft) {
    if (!draft.redirect_http.or_else(false)) return;
    complain(problems_, draft.redirect_http.place,
             "HTTP listeners are not available, so there is nothing to redirect: leave it out, or "
             "write false");
  }

  void check_route(const DraftSite& draft, SiteConfig& site) {
    if (draft.service.given && draft.routes.given) {
      complain(problems_, draft.routes.place,
               "stands beside service, which is one route for /: leave one of them out");
    } else if (draft.service.given) {
      add_route(draft.service, draft.service.place, draft, site);
    } else if (!draft.routes.given) {
      complain(problems_, draft.place, "service is missing: name one, or write its endpoints");
    } else if (draft.routes) {
      check_routes(draft, site);
    }
  }

  void check_routes(const DraftSite& draft, SiteConfig& site) {
    const std::vector<DraftRoute>& routes = *draft.routes;
    if (routes.empty()) complain(problems_, draft.routes.place, "is empty: write a route for /");
    for (size_t i = 0; i < routes.size(); ++i) {
      const DraftRoute& route = routes[i];
      if (i > 0) {
        complain(problems_, route.place,
                 "is a second route, but sites carry bytes, which have no path: write one route "
                 "for /");
      }
      check_path(route);
      if (!route.service.given) complain(problems_, route.place, "service is missing");
      add_route(route.service, route.place, draft, site);
    }
  }

  void check_path(const DraftRoute& route) {
    if (route.path && *route.path != "/") {
      complain(problems_, route.path.place,
               in_quotes(*route.path) + " cannot be told from other paths, for sites carry bytes: "
                                     "write /");
    }
    if (route.path_type && *route.path_type == PathType::Exact) {
      complain(problems_, route.path_type.place,
               "Exact is not available, for sites carry bytes, which have no path: write Prefix");
    }
  }

  void add_route(const Written<DraftTarget>& target, const Place& place, const DraftSite& draft,
                 SiteConfig& site) {
    if (!target) return;
    const ServiceConfig* service =
        services_.resolve(target, site.hosts.empty() ? "" : site.hosts.front());
    if (!service) return;
    RouteConfig route;
    route.place = place;
    route.service = service->name;
    site.routes.push_back(route);
    if (draft.scenario) check_service(*service, site.scenario, target.place);
  }

  void check_service(const ServiceConfig& service, Scenario scenario, const Place& place) {
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
  void check_unused_tls() {
    for (const auto& [service, place] : passed_through_) {
      if (reencrypted_.count(service) > 0) continue;
      complain(problems_, place,
               "service " + in_quotes(service) +
                   " has tls, which passthrough does not use: leave it out there, or say "
                   "scenario: reencrypt");
    }
  }

  const Draft& draft_;
  SecretBook& secrets_;
  ServiceBook& services_;
  Config& config_;
  Problems& problems_;
  SiteListeners listeners_;
  std::set<std::string> reencrypted_;
  std::vector<std::pair<std::string, Place>> passed_through_;
};

}  // namespace

void validate_sites(const Draft& draft, SecretBook& secrets, ServiceBook& services, Config& config,
                    Problems& problems) {
  Sites(draft, secrets, services, config, problems).run();
}

}  // namespace sallyport
