#include "dataplane/route/snapshot_parts.h"

#include <algorithm>

#include "dataplane/model/hostname.h"
#include "dataplane/tls/offer.h"

namespace sallyport {

namespace {

// RFC 8555 section 8.3.
constexpr std::string_view kAcmeChallenge = "/.well-known/acme-challenge/";

}  // namespace

bool is_on(const SiteConfig& site, const std::string& listener) {
  return std::find(site.listeners.begin(), site.listeners.end(), listener) !=
         site.listeners.end();
}

void SnapshotBuilder::Build::problem(const Place& place, std::string path, std::string message) {
  problems.push_back({place, std::move(path), std::move(message)});
}

const SecretData* SnapshotBuilder::Build::secret(const std::string& name) {
  things.push_back(secret_thing(name));
  if (const auto* data = materials.secrets.find(name)) return data->get();
  incomplete = true;
  return nullptr;
}

std::shared_ptr<const Certificate> SnapshotBuilder::Build::stapled(
     const std::shared_ptr<const Certificate>& plain, const SecretData& data,
    const OcspConfig& ocsp, const std::string& name) {
  std::string key = content_hash({data.tls_crt, data.tls_key, data.ca_crt, ocsp.responder,
                                  "stapled"});
  if (auto known = builder.certificates_.find(key)) return known;
  auto made = Certificate::stapled(*plain, name, data.ca_crt, ocsp.responder);
  builder.certificates_.put(key, made);
  if (made->stapling()) builder.staplings_.push_back(made->stapling());
  return made;
}

std::shared_ptr<const Certificate> SnapshotBuilder::Build::certificate(const SecretData& data,
                                                                       const Place& place,
                                                                       const std::string& path,
                                                                       const std::string& name) {
  if (data.tls_crt.empty() || data.tls_key.empty()) {
    problem(place, path,
            "secret \"" + name + "\" has no " + (data.tls_crt.empty() ? "tls.crt" : "tls.key") +
                "; a site that ends TLS needs both tls.crt and tls.key");
    return nullptr;
  }
  std::string key = content_hash({data.tls_crt, data.tls_key});
  if (auto known = builder.certificates_.find(key)) return known;
  auto parsed = Certificate::read(*materials.secrets.find(name));
  ++work.certificates;
  if (!parsed) {
    problem(place, path, "secret \"" + name + "\": " + parsed.error().message);
    return nullptr;
  }
  builder.certificates_.put(key, *parsed);
  unchecked.push_back({*parsed, name, place, path});
  return *parsed;
}

const ListenerConfig* SnapshotBuilder::Build::https_listener(const SiteConfig& site) const {
  for (const ListenerConfig& l : config.listeners) {
    if (is_on(site, l.name) && l.protocol == Protocol::Https) return &l;
  }
  return nullptr;
}

bool SnapshotBuilder::Build::carries_bytes(const SiteConfig& site) const {
  return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const auto& l) {
    return l.protocol == Protocol::Tls && is_on(site, l.name);
  });
}

KernelTlsUse SnapshotBuilder::Build::kernel_tls_of(const SiteConfig& site) const {
  switch (site.kernel_tls.value_or(config.kernel_tls)) {
    case KernelTls::On: return KernelTlsUse::Both;
    case KernelTls::Off: return KernelTlsUse::None;
    case KernelTls::Auto: break;
  }
  bool pays = site.scenario == Scenario::Offload && carries_bytes(site) && builder.kernel_tls_pays_;
  return pays ? KernelTlsUse::Sending : KernelTlsUse::None;
}

KernelTls SnapshotBuilder::Build::kernel_tls_of(const BackendTls& tls) const {
  KernelTls chosen = tls.kernel_tls.value_or(config.kernel_tls);
  return chosen == KernelTls::Auto && !builder.kernel_tls_pays_ ? KernelTls::Off : chosen;
}

bool SnapshotBuilder::Build::speaks_http2(const SiteConfig& site) const {
  return std::none_of(config.listeners.begin(), config.listeners.end(), [&](const auto& l) {
    return is_on(site, l.name) && l.protocol == Protocol::Https && !l.http2;
  });
}

uint16_t SnapshotBuilder::Build::https_port(const SiteConfig& site) const {
  const ListenerConfig* listener = https_listener(site);
  return listener ? listener->address.port() : uint16_t{443};
}

std::shared_ptr<const ClientTrust> SnapshotBuilder::Build::client_trust(const ClientAuth& auth,
                                                                        const std::string& path) {
  const SecretData* data = secret(auth.secret);
  if (!data) return nullptr;
  std::string key =
      ClientTrust::key(data->ca_crt, data->ca_crl, auth.depth, auth.crl_check);
  if (auto known = builder.trusts_.find(key)) return known;
  auto trust = ClientTrust::make(data->ca_crt, data->ca_crl, auth.depth, auth.crl_check);
  if (!trust) {
    problem(auth.place, path + ".client_auth.secret",
            "secret \"" + auth.secret + "\": " + trust.error().message);
    return nullptr;
  }
  builder.trusts_.put(key, *trust);
  return *trust;
}

ClientDemandPtr SnapshotBuilder::Build::client_demand(const ClientAuth& auth,
                                                      const std::string& path) {
  if (auth.verify == VerifyClient::Off) return nullptr;
  auto trust = client_trust(auth, path);
  if (!trust) return nullptr;
  std::string key = ClientDemand::key(auth, trust->key());
  if (auto known = builder.demands_.find(key)) return known;
  auto demand = std::make_shared<ClientDemand>();
  demand->verify = auth.verify;
  demand->trust = std::move(trust);
  demand->match = auth.match;
  demand->pass = auth.pass;
  demand->content = key;
  builder.demands_.put(key, demand);
  return demand;
}

std::shared_ptr<const ServerContext> SnapshotBuilder::Build::server_context(
     const SiteConfig& config_of_site, const Site& site) {
  if (!check_offer(config_of_site.offer, problems)) return nullptr;
  ServerPolicy policy;
  policy.handshake = {config_of_site.min_tls, TlsVersion::V1_3, config_of_site.offer};
  policy.alpn = config_of_site.alpn;
  // On https listeners a site offers what they speak, without having to say so.
  bool http2 = speaks_http2(config_of_site);
  if (policy.alpn.empty() && https_listener(config_of_site)) {
    policy.alpn = {"http/1.1", "http/1.0"};
    if (http2) policy.alpn.insert(policy.alpn.begin(), "h2");
  }
  if (!http2 && https_listener(config_of_site)) std::erase(policy.alpn, "h2");
  policy.client = site.client_auth;
  for (const auto& route : site.routes) {
    if (route->client_auth && route->client_auth != site.client_auth) {
      policy.route_clients.push_back(route->client_auth);
    }
  }
  policy.respond = config_of_site.client_auth.on_failure == OnFailure::Respond &&
                   !carries_bytes(config_of_site);
  std::string key = policy.key();
  if (auto known = builder.contexts_.find(key)) return known;
  auto context = ServerContext::make(policy, builder.ticket_ring_);
  ++work.contexts;
  builder.contexts_.put(key, context);
  return context;
}

std::vector<std::string> SnapshotBuilder::Build::ticket_secrets() {
  const TicketKeysConfig& keys = config.ticket_keys;
  if (keys.secret.empty()) return {};
  const SecretData* data = secret(keys.secret);
  if (!data) return {};
  auto complain = [&](const std::string& what) {
    problem(keys.place, "ticket_keys.secret", "secret \"" + keys.secret + "\": " + what);
  };
  if (data->ticket_keys.empty()) complain("no ticket.key: nothing to make ticket keys from");
  Result<void> good = TicketRing::check(data->ticket_keys);
  if (!good) complain(good.error().message);
  return data->ticket_keys;
}

std::shared_ptr<const BackendContext> SnapshotBuilder::Build::backend_context(
     const ServiceConfig& service, const std::string& path) {
  if (!check_offer(service.tls->offer, problems)) return nullptr;
  const SecretData* data = nullptr;
  if (!service.tls->secret.empty()) {
    data = secret(service.tls->secret);
    if (!data) return nullptr;
  }
  BackendTls policy = *service.tls;
  policy.kernel_tls = kernel_tls_of(policy);
  std::string key = BackendContext::key(policy, data);
  if (auto known = builder.backends_.find(key)) return known;
  // One more for the thread that asks endpoints how they are.
  auto context = BackendContext::make(policy, data, builder.workers_ + 1);
  ++work.contexts;
  if (!context) {
    problem(service.tls->place, path + ".tls.secret",
            "secret \"" + service.tls->secret + "\": " + context.error().message);
    return nullptr;
  }
  builder.backends_.put(key, *context);
  return *context;
}

std::vector<Endpoint> SnapshotBuilder::Build::endpoints(const ServiceConfig& service) {
  std::vector<Endpoint> all;
  for (const EndpointConfig& e : service.endpoints) {
    // A name that is complete for the resolver ends in a dot, which no certificate has.
    std::string name =
        service.tls && !service.tls->name.empty() ? service.tls->name : normal_host(e.host);
    if (auto literal = Address::parse_ip(e.host, e.port)) {
      all.push_back({*literal, name});
      continue;
    }
    things.push_back(host_thing(e.host));
    auto it = materials.addresses.find(e.host);
    if (it == materials.addresses.end()) continue;
    for (const Address& a : it->second) all.push_back({a.with_port(e.port), name});
  }
  return all;
}

std::shared_ptr<const Service> SnapshotBuilder::Build::build_service(
    const ServiceConfig& service, const std::string& path,
    const std::shared_ptr<const Service>* before, bool same) {
  std::shared_ptr<const BackendContext> tls;
  if (service.tls && !(tls = backend_context(service, path))) return nullptr;
  std::vector<Endpoint> all = endpoints(service);
  if (same && before && (*before)->endpoints() == all && (*before)->tls() == tls.get()) {
    return *before;
  }
  ++work.services;
  auto metrics = before ? (*before)->shared_metrics() : nullptr;
  return std::make_shared<Service>(service, std::move(all), std::move(tls), builder.workers_,
                                   std::move(metrics), before ? before->get() : nullptr);
}

std::shared_ptr<const Site> SnapshotBuilder::Build::build_site(const SiteConfig& config_of_site,
                                                               const std::string& path) {
  auto site = std::make_shared<Site>();
  ++work.sites;
  site->name = config_of_site.hosts.front();
  site->scenario = config_of_site.scenario;
  site->min_tls = config_of_site.min_tls;
  site->kernel_tls = kernel_tls_of(config_of_site);
  site->client_auth = client_demand(config_of_site.client_auth, path);
  answer_as(config_of_site, *site);
  site->https_port = https_port(config_of_site);
  site->body_size = config_of_site.body_size.value_or(config.limits.body_size);
  for (size_t i = 0; i < config_of_site.routes.size(); ++i) {
    add_route(*site, config_of_site.routes[i], path + ".routes[" + std::to_string(i) + "]");
  }
  if (!site->routes.empty()) site->service = site->routes.front()->service;
  if (site->scenario == Scenario::Passthrough || config_of_site.secrets.empty()) return site;

  site->tls = server_context(config_of_site, *site);
  if (site->tls) site->session_context = site->tls->session_context(site->name);
  for (const std::string& name : config_of_site.secrets) {
    const SecretData* data = secret(name);
    if (!data) continue;
    auto made = certificate(*data, config_of_site.place, path + ".secret", name);
    if (!made) continue;
    check_coverage(config_of_site, *made, path, name);
    check_kind(config_of_site, *site, *made, path, name);
    if (config_of_site.ocsp.staple) made = stapled(made, *data, config_of_site.ocsp, name);
    site->certificates.push_back(std::move(made));
  }
  check_ciphers(config_of_site, *site);
  return site;
}

void SnapshotBuilder::Build::add_route(Site& site, const RouteConfig& config_of_route,
                                       const std::string& path) {
  auto route = std::make_unique<Route>();
  route->path = config_of_route.path;
  route->type = config_of_route.path_type;
  const std::optional<ClientAuth>& own = config_of_route.client_auth;
  route->client_auth = own ? client_demand(*own, path) : site.client_auth;
  site.asks_clients |= route->client_auth || site.client_auth;
  route->client_error_page = own ? own->error_page : site.client_error_page;
  route->redirect_http = config_of_route.redirect_http.value_or(site.redirect_http);
  route->treatment = RouteTreatment::make(config_of_route);
  site.mixed_guards |= route->client_auth != site.client_auth ||
                       (route->treatment && route->treatment->guards());
  // Unless somebody has said otherwise for that very path.
  route->acme_challenge =
      !(own && route->client_auth) && (route->path + "/").starts_with(kAcmeChallenge);
  things.push_back(service_thing(config_of_route.service));
  if (const auto* service = services.find(config_of_route.service)) route->service = *service;
  std::string metrics_key = site.name + '\0' + name(route->type) + route->path + '\0' +
                            config_of_route.service;
  route->metrics = builder.route_metrics_.find(metrics_key);
  if (!route->metrics) {
    route->metrics = std::make_shared<const PerWorker<RouteMetrics>>(builder.workers_);
    builder.route_metrics_.put(metrics_key, route->metrics);
  }
  if (route->type == PathType::Regex) {
    if (auto pattern = PathPattern::compile(route->path)) {
      route->pattern = *pattern;
      site.paths.add_pattern(*std::move(pattern), *route);
    } else {
      site.respond = 503;  // nobody can say which requests the route was there for
    }
  } else {
    site.paths.add(route->path, route->type, *route);
  }
  site.routes.push_back(std::move(route));
}

void SnapshotBuilder::Build::answer_as(const SiteConfig& config_of_site, Site& site) {
  site.client_error_page = config_of_site.client_auth.error_page;
  site.redirect_http = config_of_site.redirect_http;
  site.redirect_code = config_of_site.redirect_code;
  site.preserve_trailing_slash = config_of_site.preserve_trailing_slash;
  site.respond = config_of_site.respond.value_or(uint16_t{0});
  if (config_of_site.hsts) site.hsts = hsts_value(*config_of_site.hsts);
}

void SnapshotBuilder::Build::check_coverage(const SiteConfig& site, const Certificate& certificate,
                                            const std::string& path,
                                            const std::string& secret_name) {
  if (site.any_certificate) return;
  for (const std::string& host : site.hosts) {
    if (host == "*" || certificate.covers(host)) continue;
    problem(site.place, path + ".secret",
            "the certificate of secret \"" + secret_name + "\" does not cover \"" + host +
                "\" (it covers " + certificate.names() + ")");
  }
}

void SnapshotBuilder::Build::check_kind(const SiteConfig& site, const Site& built,
                                        const Certificate& certificate, const std::string& path,
                                        const std::string& secret_name) {
  for (const auto& other : built.certificates) {
    if (other->is_rsa() != certificate.is_rsa()) continue;
    problem(site.place, path + ".secret",
            "the certificate of secret \"" + secret_name + "\" is the second whose key is " +
                (certificate.is_rsa() ? "RSA" : "not RSA") +
                ", and clients could be shown one of them only: leave the other out");
  }
}

void SnapshotBuilder::Build::check_ciphers(const SiteConfig& site, const Site& built) {
  if (site.min_tls != TlsVersion::V1_2 || built.certificates.empty()) return;
  for (const auto& one : built.certificates) {
    if (offers_tls_1_2_for(site.offer, one->is_rsa())) return;
  }
  const Place& place = site.offer.ciphers.front().place;
  bool rsa = built.certificates.front()->is_rsa();
  problem(place, place.path,
          std::string("none of the ciphers of TLS 1.2 fits the site's certificate, whose key ") +
              (rsa ? "is RSA: write one such as ECDHE-RSA-AES128-GCM-SHA256"
                   : "is not RSA: write one such as ECDHE-ECDSA-AES128-GCM-SHA256") +
              ", or say min_tls: \"1.3\"");
}

}  // namespace sallyport
