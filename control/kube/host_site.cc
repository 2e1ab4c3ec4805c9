#include "control/kube/host_site.h"

#include <algorithm>
#include <tuple>

#include "control/kube/host_certificate.h"
#include "control/kube/host_client_auth.h"
#include "control/kube/host_routes.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

class HostTranslation {
 public:
  HostTranslation(const Surroundings& around, const HostInput& input)
      : around_(around), input_(input), context_{around, input, result_} {}

  HostResult run() {
    certificate_ = choose_certificate(context_);
    if (certificate_.fallback) result_.fallback = certificate_.fallback;
    if (input_.ingresses.empty()) {
      answer_unknown();
      return std::move(result_);
    }
    client_auth_ = choose_client_auth(context_);
    if (passes_through()) {
      pass_through();
    } else if (!client_auth_.fault.empty()) {
      refuse();
    } else {
      serve();
    }
    return std::move(result_);
  }

 private:
  SiteConfig site(bool http, bool https) const {
    SiteConfig site;
    site.hosts = {input_.host};
    site.hosts.insert(site.hosts.end(), input_.aliases.begin(), input_.aliases.end());
    const TranslateSettings& settings = around_.settings;
    if (http) site.listeners = settings.http_listeners;
    if (https) {
      site.listeners.insert(site.listeners.end(), settings.https_listeners.begin(),
                            settings.https_listeners.end());
    }
    site.redirect_code = around_.global.redirect_code;
    if (!input_.ingresses.empty()) site.place.source = input_.ingresses.front()->name().text();
    return site;
  }

  bool has_https() const {
    if (input_.host == "*" && around_.global.refuse_unknown_names) return false;
    return !around_.settings.https_listeners.empty() && !certificate_.secret.name.empty();
  }
  bool has_http() const { return !around_.settings.http_listeners.empty(); }

  void add(SiteConfig site) {
    if (!site.listeners.empty()) result_.sites.push_back(std::move(site));
  }

  void end_tls(SiteConfig& site) {
    site.secrets = {certificate_.secret.text()};
    site.any_certificate = certificate_.is_default || !input_.aliases.empty();
    result_.secrets.insert(certificate_.secret);
    site.min_tls = around_.global.min_tls;
    if (site.min_tls == TlsVersion::V1_2) add_ciphers(ciphers(), site.offer);
    for (const std::string& name : around_.global.groups) site.offer.groups.push_back({name, {}});
    site.ocsp.staple = around_.global.staple;
    if (around_.global.hsts) site.hsts = around_.global.hsts;
    site.client_auth = client_auth_.auth;
    if (!client_auth_.auth.secret.empty()) result_.secrets.insert(client_auth_.secret);
  }

  // No Ingress is for every host: names that nobody has are shown the default certificate, if there
  // is one, and told that there is nothing.
  void answer_unknown() {
    if (!has_https()) return;
    SiteConfig unknown = site(false, true);
    end_tls(unknown);
    unknown.respond = 404;
    add(std::move(unknown));
  }

  // The oldest that says something decides.
  const std::vector<std::string>& ciphers() const {
    for (const IngressRecord* record : input_.ingresses) {
      if (!record->notes.ssl_ciphers.empty()) return record->notes.ssl_ciphers;
    }
    return around_.global.ciphers;
  }

  // The host itself is refused: with TLS and without, whatever its paths are.
  void refuse() {
    SiteConfig refused = site(true, has_https());
    if (has_https()) {
      end_tls(refused);
      refused.client_auth = {};
    }
    refused.respond = client_auth_.status;
    add(std::move(refused));
  }

  // ingress-nginx serves such a host in the clear to anybody.
  void report_plain(const HostRoutes& routes) {
    if (client_auth_.auth.verify == VerifyClient::Off || !has_http()) return;
    if (has_https() && routes.all_redirect(certificate_.wanted)) return;
    for (const IngressRecord* record : input_.ingresses) {
      std::string key = annotation_key(*record->object, "auth-tls-secret");
      if (key.empty()) continue;
      return context_.report(*record, key, Verdict::Differs, Severity::Warning, "plain-refused",
                             "is for requests over TLS: those over plain HTTP to " +
                                 in_quotes(input_.host) +
                                 " that are not redirected are answered 403, where ingress-nginx "
                                 "serves them to anybody");
    }
  }

  void serve() {
    HostRoutes routes(context_);
    report_plain(routes);
    bool both = has_https() && !routes.by_scheme();
    if (both) {
      SiteConfig one = site(true, true);
      end_tls(one);
      fill(one, routes, Leg::Both);
      add(std::move(one));
      return;
    }
    serve_plain(routes);
    if (!has_https()) return;
    SiteConfig secure = site(false, true);
    end_tls(secure);
    fill(secure, routes, Leg::Https);
    add(std::move(secure));
  }

  void serve_plain(HostRoutes& routes) {
    if (!has_http()) return;
    SiteConfig plain = site(true, false);
    fill(plain, routes, Leg::Http);
    // In the clear nobody can show a certificate: what asks for one is not served there.
    if (client_auth_.auth.verify != VerifyClient::Off && !plain.redirect_http) {
      result_.services.clear();
      plain.routes.clear();
      plain.body_size.reset();
      plain.respond = 403;
    }
    add(std::move(plain));
  }

  void fill(SiteConfig& site, HostRoutes& routes, Leg leg) {
    bool tls = certificate_.wanted || leg == Leg::Https;
    bool http = leg != Leg::Https && has_http();
    routes.fill(site, leg, tls && http, http, client_auth_);
    if (!http) site.redirect_http = false;
    bool all_tls = !site.routes.empty();
    for (const RouteConfig& route : site.routes) {
      auto key = result_.services.find(route.service);
      if (key == result_.services.end() || !key->second.tls) all_tls = false;
    }
    site.scenario = all_tls ? Scenario::Reencrypt : Scenario::Offload;
    // Without a path there is nothing but the answer that there is none.
    if (site.routes.empty()) {
      site.respond = 404;
      site.body_size.reset();
    }
  }

  bool passes_through() {
    const IngressRecord& first = *input_.ingresses.front();
    for (const IngressRecord* record : input_.ingresses) {
      std::string key = annotation_key(*record->object, "ssl-passthrough");
      if (key.empty() || !record->notes.ssl_passthrough) continue;
      if (!around_.settings.ssl_passthrough) {
        context_.report(*record, key, Verdict::NotSupported, Severity::Warning,
                        "passthrough-inert",
                        "does nothing, as in ingress-nginx without --enable-ssl-passthrough: TLS "
                        "ends here. Set kubernetes.ssl_passthrough to have it go through");
      } else if (record != &first) {
        context_.report(*record, key, Verdict::NotSupported, Severity::Warning, "older-decides",
                        "does nothing, for " + first.name().text() + " is older and decides");
      }
    }
    return around_.settings.ssl_passthrough && first.notes.ssl_passthrough;
  }

  void pass_through() {
    HostRoutes routes(context_);
    const IngressRecord& first = *input_.ingresses.front();
    std::string key = annotation_key(*first.object, "ssl-passthrough");
    std::string service = routes.root_service();
    if (!service.empty() && !around_.settings.https_listeners.empty()) {
      SiteConfig through = site(false, true);
      through.scenario = Scenario::Passthrough;
      RouteConfig route;
      route.service = service;
      through.routes.push_back(route);
      add(std::move(through));
    } else if (service.empty()) {
      context_.report(first, key, Verdict::Refused, Severity::Error, "passthrough-no-root",
                      "has no path / whose Service could get the bytes: add one");
    }
    serve_plain_beside_passthrough(routes);
    if (annotation_key(*first.object, "auth-tls-secret").empty()) return;
    context_.report(first, annotation_key(*first.object, "auth-tls-secret"), Verdict::NotSupported,
                    Severity::Warning, "passthrough-void",
                    "does nothing beside ssl-passthrough, as in ingress-nginx: the backend asks "
                    "for certificates itself");
  }

  // What is in TLS on one port is not sent in the clear on the other, unless somebody says so.
  void serve_plain_beside_passthrough(HostRoutes& routes) {
    if (!has_http()) return;
    SiteConfig plain = site(true, false);
    client_auth_ = {};
    certificate_.wanted = true;
    fill(plain, routes, Leg::Http);
    add(std::move(plain));
  }

  const Surroundings& around_;
  const HostInput& input_;
  HostResult result_;
  HostContext context_;
  CertificateChoice certificate_;
  ClientAuthChoice client_auth_;
};

}  // namespace

bool older(const IngressRecord& a, const IngressRecord& b) {
  return std::tie(a.object->created, a.object->name) < std::tie(b.object->created, b.object->name);
}

HostResult translate_host(const Surroundings& surroundings, const HostInput& input) {
  return HostTranslation(surroundings, input).run();
}

Result<std::string> rule_host(const std::string& written) {
  if (written.empty()) return std::string("*");
  if (written == "*") return Error{"\"*\" is no host of a rule: leave it out for every host"};
  return parse_site_host(written);
}

std::string annotation_key(const Object& ingress, const std::string& name) {
  for (const char* prefix : {"sallyport.dev/", "nginx.ingress.kubernetes.io/"}) {
    if (ingress.annotations.count(prefix + name) > 0) return prefix + name;
  }
  return {};
}

}  // namespace sallyport::kube
