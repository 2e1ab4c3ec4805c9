#include "dataplane/model/validate_sites.h"

#include <algorithm>

#include "dataplane/model/client_auth_rules.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"
#include "dataplane/model/quantity.h"
#include "dataplane/model/route_rules.h"
#include "dataplane/model/site_listeners.h"
#include "dataplane/model/site_routes.h"
#include "dataplane/model/tls_rules.h"

namespace sallyport {
namespace {

// What kinds of listeners a site is on.
struct Standing {
  bool http = false;
  bool https = false;
  const ListenerConfig* tls = nullptr;  // one of them

  explicit Standing(const std::vector<const ListenerConfig*>& listeners) {
    for (const ListenerConfig* listener : listeners) {
      if (listener->protocol == Protocol::Http) http = true;
      if (listener->protocol == Protocol::Https) https = true;
      if (listener->protocol == Protocol::Tls && !tls) tls = listener;
    }
  }
  bool nowhere() const { return !http && !https && !tls; }
  bool in_the_clear() const { return http && !https && !tls; }
};

constexpr Millis kMostOfHsts = std::chrono::hours(24 * 3660);

bool passes_through(const DraftSite& site) {
  return site.scenario && *site.scenario == Scenario::Passthrough;
}

// Who carries the site's traffic without knowing of requests; empty: nobody.
std::string carrier_of_bytes(const DraftSite& site, const Standing& on) {
  if (passes_through(site)) return "passthrough";
  return on.tls ? "listener " + in_quotes(on.tls->name) : "";
}

class Sites {
 public:
  Sites(const Draft& draft, SecretBook& secrets, ServiceBook& services, Config& config,
        Problems& problems)
      : draft_(draft),
        secrets_(secrets),
        services_(services),
        config_(config),
        problems_(problems),
        listeners_(draft, config, problems),
        client_auth_(secrets, problems),
        routes_(services, client_auth_, config.http, problems) {}

  void run() {
    for (const DraftSite& site : draft_.sites) config_.sites.push_back(checked(site));
    check_sslmodes();
    listeners_.settle_unknown_sni();
    routes_.check_unused_tls();
  }

 private:
  SiteConfig checked(const DraftSite& draft) {
    SiteConfig site;
    site.place = draft.place;
    auto hosts = checked_hosts(draft);
    for (const auto& [host, place] : hosts) site.hosts.push_back(host);
    auto listeners = listeners_.of(draft, hosts);
    for (const ListenerConfig* listener : listeners) site.listeners.push_back(listener->name);
    Standing on(listeners);
    site.scenario = draft.scenario.or_else(Scenario::Offload);
    if (!draft.scenario.given) {
      complain(problems_, draft.place,
               "scenario is missing: write offload, passthrough or reencrypt");
    }
    if (passes_through(draft)) {
      refuse_tls(draft,
                 "has no effect with passthrough, where the client's TLS ends at the backend: "
                 "leave it out, or say scenario: offload or reencrypt");
    } else if (on.in_the_clear()) {
      refuse_tls(draft,
                 "needs TLS, but the site is on http listeners only: leave it out, or have the "
                 "site on an https listener");
    } else {
      check_tls(draft, on, site);
    }
    SiteKind kind{carrier_of_bytes(draft, on), on.in_the_clear(), on.http, on.https};
    check_redirect(draft, kind, site);
    check_hsts(draft, on, site);
    check_body_limit(draft, on, site);
    check_respond(draft, site);
    routes_.add(draft, kind, site);
    return site;
  }

  // PostgreSQL's negotiation, on both sides, is for bytes; and what a listener says of clients'
  // certificates, its sites have to do.
  void check_sslmodes() {
    for (const SiteConfig& site : config_.sites) {
      for (const ListenerConfig& listener : config_.listeners) {
        bool on = std::find(site.listeners.begin(), site.listeners.end(), listener.name) !=
                  site.listeners.end();
        if (!on) continue;
        if (listener.sslmode) check_certificates(site, listener);
        if (listener.protocol != Protocol::Tls) check_negotiation(site, listener);
      }
    }
  }

  void check_certificates(const SiteConfig& site, const ListenerConfig& listener) {
    if (*listener.sslmode != SslMode::VerifyCa && *listener.sslmode != SslMode::VerifyFull) return;
    std::string what = std::string(name(*listener.sslmode)) + " of listener " +
                       in_quotes(listener.name) + " wants ";
    if (site.client_auth.verify != VerifyClient::Required) {
      complain(problems_, site.place,
               what + "a certificate of every client: write client_auth: {verify: required}, or "
                      "sslmode: require");
    } else if (*listener.sslmode == SslMode::VerifyFull && site.client_auth.match.empty()) {
      complain(problems_, site.place,
               what + "clients to be named: write match under client_auth, or sslmode: verify-ca");
    }
  }

  void check_negotiation(const SiteConfig& site, const ListenerConfig& listener) {
    if (site.scenario != Scenario::Reencrypt) return;
    for (const RouteConfig& route : site.routes) {
      const ServiceConfig* service = services_.find(route.service);
      if (!service || !service->tls || !service->tls->sslmode) continue;
      complain(problems_, route.place,
               "service " + in_quotes(service->name) +
                   " has sslmode, which is for the bytes of tls listeners; listener " +
                   in_quotes(listener.name) + " carries requests");
    }
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

  void refuse_tls(const DraftSite& draft, const char* why) {
    auto refuse = [&](bool given, const Place& place) {
      if (given) complain(problems_, place, why);
    };
    refuse(draft.secrets.given, draft.secrets.place);
    refuse(draft.any_certificate.or_else(false), draft.any_certificate.place);
    refuse(draft.min_tls.given, draft.min_tls.place);
    refuse(draft.ciphers.given, draft.ciphers.place);
    refuse(draft.groups.given, draft.groups.place);
    refuse(draft.ocsp.given && draft.ocsp->staple.or_else(true), draft.ocsp.place);
    refuse(draft.alpn.given, draft.alpn.place);
    refuse(draft.kernel_tls.given, draft.kernel_tls.place);
    const auto& auth = draft.client_auth;
    bool off = auth && auth->verify.value == VerifyClient::Off;
    refuse(auth.given && !off, auth.place);
  }

  void check_tls(const DraftSite& draft, const Standing& on, SiteConfig& site) {
    site.min_tls = draft.min_tls.or_else(TlsVersion::V1_2);
    site.offer = check_offer({draft.ciphers, draft.groups, site.min_tls, TlsVersion::V1_3},
                             problems_);
    if (draft.ocsp) site.ocsp = check_ocsp(*draft.ocsp, problems_);
    site.alpn = check_alpn(draft.alpn, problems_);
    site.kernel_tls = draft.kernel_tls.value;
    if (on.https && draft.alpn) check_http_alpn(*draft.alpn);
    check_secrets(draft, site);
    site.any_certificate = draft.any_certificate.or_else(false);
    if (draft.client_auth) {
      client_auth_.of_site(draft.client_auth, on.tls ? on.tls->name : "", site.client_auth);
    }
  }

  // Whoever agrees to a protocol must speak it.
  void check_http_alpn(const std::vector<Written<std::string>>& alpn) {
    for (const Written<std::string>& item : alpn) {
      if (!item || *item == "http/1.1" || *item == "h2") continue;
      complain(problems_, item.place,
               in_quotes(*item) + " is not spoken on https listeners: write h2 and http/1.1, or "
                                  "leave alpn out, which means the same there");
    }
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

  void check_redirect(const DraftSite& draft, const SiteKind& kind, SiteConfig& site) {
    RedirectHttp otherwise = kind.https ? RedirectHttp::On : RedirectHttp::Off;
    if (passes_through(draft)) {
      refuse_for_passthrough(draft.redirect_http && *draft.redirect_http != RedirectHttp::Off,
                             draft.redirect_http.place);
      refuse_for_passthrough(draft.redirect_code.given, draft.redirect_code.place);
      refuse_for_passthrough(draft.preserve_trailing_slash.given,
                             draft.preserve_trailing_slash.place);
      return;
    }
    site.redirect_http = check_redirect_http(draft.redirect_http, otherwise, kind, problems_);
    site.preserve_trailing_slash = draft.preserve_trailing_slash.or_else(true);
    if (!draft.redirect_code) return;
    if (is_redirect_status(*draft.redirect_code)) {
      site.redirect_code = static_cast<uint16_t>(*draft.redirect_code);
    } else {
      complain(problems_, draft.redirect_code.place,
               std::to_string(*draft.redirect_code) +
                   " is no redirect: write 301, 302, 303, 307 or 308");
    }
  }

  void refuse_for_passthrough(bool given, const Place& place) {
    if (!given) return;
    complain(problems_, place,
             "has no effect with passthrough, which is not for http listeners: leave it out");
  }

  void check_hsts(const DraftSite& draft, const Standing& on, SiteConfig& site) {
    if (!draft.hsts) return;
    if (passes_through(draft) || (!on.https && !on.nowhere())) {
      complain(problems_, draft.hsts.place,
               "has no effect, for it is said in responses under TLS: leave it out, or have the "
               "site on an https listener, with scenario: offload or reencrypt");
      return;
    }
    HstsConfig& hsts = site.hsts.emplace();
    Millis age = draft.hsts->max_age.or_else(Millis(hsts.max_age));
    hsts.max_age = std::chrono::duration_cast<Seconds>(age);
    hsts.include_subdomains = draft.hsts->include_subdomains.or_else(false);
    hsts.preload = draft.hsts->preload.or_else(false);
    if (Millis(hsts.max_age) == age && age <= kMostOfHsts) return;
    complain(problems_, draft.hsts->max_age.place,
             duration_text(age) + " is not possible: write whole seconds, up to " +
                 duration_text(kMostOfHsts));
  }

  void check_respond(const DraftSite& draft, SiteConfig& site) {
    if (!draft.respond) return;
    if (passes_through(draft)) {
      complain(problems_, draft.respond.place,
               "has no effect with passthrough, where the backend answers: say scenario: offload");
    } else if (is_page_status(*draft.respond)) {
      site.respond = static_cast<uint16_t>(*draft.respond);
    } else {
      complain(problems_, draft.respond.place, not_a_page_status(*draft.respond));
    }
  }

  void check_body_limit(const DraftSite& draft, const Standing& on, SiteConfig& site) {
    bool requests = on.http || (on.https && !passes_through(draft));
    if (draft.body_size.given && !requests && !on.nowhere()) {
      complain(problems_, draft.body_size.place,
               "has no effect, for " + carrier_of_bytes(draft, on) +
                   " carries bytes: leave it out");
    } else if (check_body_size(draft.body_size, problems_)) {
      site.body_size = *draft.body_size;
    }
  }

  const Draft& draft_;
  SecretBook& secrets_;
  const ServiceBook& services_;
  Config& config_;
  Problems& problems_;
  SiteListeners listeners_;
  ClientAuthRules client_auth_;
  SiteRoutes routes_;
};

}  // namespace

void validate_sites(const Draft& draft, SecretBook& secrets, ServiceBook& services, Config& config,
                    Problems& problems) {
  Sites(draft, secrets, services, config, problems).run();
}

}  // namespace sallyport
