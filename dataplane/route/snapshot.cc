#include "dataplane/route/snapshot.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/model/hostname.h"

namespace sallyport {

namespace {

// RFC 8555 section 8.3.
constexpr std::string_view kAcmeChallenge = "/.well-known/acme-challenge/";

template <class T>
void forget_unused(std::map<std::string, std::weak_ptr<const T>>& cache) {
  std::erase_if(cache, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

struct SnapshotBuilder::Build {
  SnapshotBuilder& builder;
  const Config& config;
  const Materials& materials;
  Problems& problems;
  std::map<std::string, std::shared_ptr<const Service>> services;
  bool incomplete = false;  // a secret was not delivered, of which its reader has told

  void problem(const Place& place, std::string path, std::string message) {
    problems.push_back({place, std::move(path), std::move(message)});
  }

  const SecretData* secret(const std::string& name) {
    auto it = materials.secrets.find(name);
    if (it != materials.secrets.end()) return &it->second;
    incomplete = true;
    return nullptr;
  }

  std::shared_ptr<const Certificate> certificate(const SecretData& data, const Place& place,
                                                 const std::string& path, const std::string& name) {
    if (data.tls_crt.empty() || data.tls_key.empty()) {
      problem(place, path,
              "secret \"" + name + "\" has no " + (data.tls_crt.empty() ? "tls.crt" : "tls.key") +
                  "; a site that ends TLS needs both tls.crt and tls.key");
      return nullptr;
    }
    auto& cached = builder.certificates_[content_hash({data.tls_crt, data.tls_key})];
    if (auto known = cached.lock()) return known;
    auto made = Certificate::parse(data.tls_crt, data.tls_key);
    if (!made) {
      problem(place, path, "secret \"" + name + "\": " + made.error().message);
      return nullptr;
    }
    cached = *made;
    return *made;
  }

  // The first https listener that the site is on; null: there is none.
  const ListenerConfig* https_listener(const SiteConfig& site) const {
    for (const ListenerConfig& l : config.listeners) {
      bool on = std::find(site.listeners.begin(), site.listeners.end(), l.name) !=
                site.listeners.end();
      if (on && l.protocol == Protocol::Https) return &l;
    }
    return nullptr;
  }

  // Where nobody could answer, the handshake itself has to fail.
  bool carries_bytes(const SiteConfig& site) const {
    return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const auto& l) {
      return l.protocol == Protocol::Tls && std::find(site.listeners.begin(), site.listeners.end(),
                                                      l.name) != site.listeners.end();
    });
  }

  // What is gained is the way around this process: where nothing is spliced, OpenSSL is as fast.
  bool uses_kernel_tls(const SiteConfig& site) const {
    switch (site.kernel_tls.value_or(config.kernel_tls)) {
      case KernelTls::On: return true;
      case KernelTls::Off: return false;
      case KernelTls::Auto: break;
    }
    return site.scenario == Scenario::Offload && carries_bytes(site) && builder.kernel_tls_pays_;
  }

  uint16_t https_port(const SiteConfig& site) const {
    const ListenerConfig* listener = https_listener(site);
    return listener ? listener->address.port() : uint16_t{443};
  }

  // Null, after a problem, where `auth` asks for something that cannot be had.
  std::shared_ptr<const ClientTrust> client_trust(const ClientAuth& auth, const std::string& path) {
    const SecretData* data = secret(auth.secret);
    if (!data) return nullptr;
    auto& cached = builder.trusts_[ClientTrust::key(data->ca_crt, data->ca_crl, auth.depth,
                                                    auth.crl_check)];
    if (auto known = cached.lock()) return known;
    auto made = ClientTrust::make(data->ca_crt, data->ca_crl, auth.depth, auth.crl_check);
    if (!made) {
      problem(auth.place, path + ".client_auth.secret",
              "secret \"" + auth.secret + "\": " + made.error().message);
      return nullptr;
    }
    cached = *made;
    return *made;
  }

  // Null for `verify: off`, and after a problem.
  ClientDemandPtr client_demand(const ClientAuth& auth, const std::string& path) {
    if (auth.verify == VerifyClient::Off) return nullptr;
    auto trust = client_trust(auth, path);
    if (!trust) return nullptr;
    std::string key = ClientDemand::key(auth, trust->key());
    auto& cached = builder.demands_[key];
    if (auto known = cached.lock()) return known;
    auto made = std::make_shared<ClientDemand>();
    made->verify = auth.verify;
    made->trust = std::move(trust);
    made->match = auth.match;
    made->pass = auth.pass;
    made->content = std::move(key);
    cached = made;
    return made;
  }

  std::shared_ptr<const ServerContext> server_context(const SiteConfig& config_of_site,
                                                      const Site& site) {
    ServerPolicy policy;
    policy.min_tls = config_of_site.min_tls;
    policy.alpn = config_of_site.alpn;
    // On https listeners a site offers what they speak, without having to say so.
    if (policy.alpn.empty() && https_listener(config_of_site)) {
      policy.alpn = {"http/1.1", "http/1.0"};
    }
    policy.client = site.client_auth;
    for (const auto& route : site.routes) {
      if (route->client_auth && route->client_auth != site.client_auth) {
        policy.route_clients.push_back(route->client_auth);
      }
    }
    policy.respond = config_of_site.client_auth.on_failure == OnFailure::Respond &&
                     !carries_bytes(config_of_site);
    auto& cached = builder.contexts_[policy.key()];
    if (auto known = cached.lock()) return known;
    auto made = ServerContext::make(policy, builder.ticket_ring_);
    cached = made;
    return made;
  }

  std::vector<std::string> ticket_secrets() {
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

  std::shared_ptr<const BackendContext> backend_context(const ServiceConfig& service,
                                                        const std::string& path) {
    const SecretData* data = nullptr;
    if (!service.tls->secret.empty()) {
      data = secret(service.tls->secret);
      if (!data) return nullptr;
    }
    auto& cached = builder.backends_[BackendContext::key(*service.tls, data)];
    if (auto known = cached.lock()) return known;
    auto made = BackendContext::make(*service.tls, data, builder.workers_);
    if (!made) {
      problem(service.tls->place, path + ".tls.secret",
              "secret \"" + service.tls->secret + "\": " + made.error().message);
      return nullptr;
    }
    cached = *made;
    return *made;
  }

  std::vector<Endpoint> endpoints(const ServiceConfig& service) {
    std::vector<Endpoint> all;
    for (const EndpointConfig& e : service.endpoints) {
      // A name that is complete for the resolver ends in a dot, which no certificate has.
      std::string name =
          service.tls && !service.tls->name.empty() ? service.tls->name : normal_host(e.host);
      if (auto literal = Address::parse_ip(e.host, e.port)) {
        all.push_back({*literal, name});
        continue;
      }
      auto it = materials.addresses.find(e.host);
      if (it == materials.addresses.end()) continue;
      for (const Address& a : it->second) all.push_back({a.with_port(e.port), name});
    }
    return all;
  }

  void build_service(const ServiceConfig& service, const std::string& path) {
    std::shared_ptr<const BackendContext> tls;
    if (service.tls && !(tls = backend_context(service, path))) return;
    std::vector<Endpoint> all = endpoints(service);
    auto last = builder.services_.find(service.name);
    if (last != builder.services_.end() && builder.service_configs_[service.name] == service &&
        last->second->endpoints() == all && last->second->tls() == tls.get()) {
      services[service.name] = last->second;
      return;
    }
    auto metrics = last != builder.services_.end() ? last->second->shared_metrics() : nullptr;
    services[service.name] = std::make_shared<Service>(service, std::move(all), std::move(tls),
                                                       builder.workers_, std::move(metrics));
  }

  std::shared_ptr<const Site> build_site(const SiteConfig& config_of_site,
                                         const std::string& path) {
    auto site = std::make_shared<Site>();
    site->name = config_of_site.hosts.front();
    site->scenario = config_of_site.scenario;
    site->min_tls = config_of_site.min_tls;
    site->kernel_tls = uses_kernel_tls(config_of_site);
    site->client_auth = client_demand(config_of_site.client_auth, path);
    site->redirect_http = config_of_site.redirect_http;
    site->https_port = https_port(config_of_site);
    site->body_size = config_of_site.body_size.value_or(config.limits.body_size);
    for (size_t i = 0; i < config_of_site.routes.size(); ++i) {
      add_route(*site, config_of_site.routes[i], path + ".routes[" + std::to_string(i) + "]");
    }
    site->service = site->routes.front()->service;
    if (site->scenario == Scenario::Passthrough || config_of_site.secrets.empty()) return site;

    site->tls = server_context(config_of_site, *site);
    if (site->tls) site->session_context = site->tls->session_context(site->name);
    for (const std::string& name : config_of_site.secrets) {
      const SecretData* data = secret(name);
      if (!data) continue;
      auto made = certificate(*data, config_of_site.place, path + ".secret", name);
      if (!made) continue;
      check_coverage(config_of_site, *made, path, name);
      site->certificates.push_back(std::move(made));
    }
    return site;
  }

  void add_route(Site& site, const RouteConfig& config_of_route, const std::string& path) {
    auto route = std::make_unique<Route>();
    route->path = config_of_route.path;
    route->type = config_of_route.path_type;
    const std::optional<ClientAuth>& own = config_of_route.client_auth;
    route->client_auth = own ? client_demand(*own, path) : site.client_auth;
    site.asks_clients |= route->client_auth || site.client_auth;
    site.mixed_clients |= route->client_auth != site.client_auth;
    // Unless somebody has said otherwise for that very path.
    route->acme_challenge =
        !(own && route->client_auth) && (route->path + "/").starts_with(kAcmeChallenge);
    auto service = services.find(config_of_route.service);
    if (service != services.end()) route->service = service->second;
    auto& known = builder.route_metrics_[site.name + '\0' + name(route->type) + route->path + '\0' +
                                         config_of_route.service];
    route->metrics = known.lock();
    if (!route->metrics) {
      route->metrics = std::make_shared<const PerWorker<RouteMetrics>>(builder.workers_);
      known = route->metrics;
    }
    site.paths.add(route->path, route->type, *route);
    site.routes.push_back(std::move(route));
  }

  void check_coverage(const SiteConfig& site, const Certificate& certificate,
                      const std::string& path, const std::string& secret_name) {
    for (const std::string& host : site.hosts) {
      if (host == "*" || certificate.covers(host)) continue;
      problem(site.place, path + ".secret",
              "the certificate of secret \"" + secret_name + "\" does not cover \"" + host +
                  "\" (it covers " + certificate.names() + ")");
    }
  }

  std::shared_ptr<const ListenerRules> build_listener(const ListenerConfig& listener,
                                                      const Snapshot& snapshot) {
    auto rules = std::make_shared<ListenerRules>();
    rules->config = listener;
    if (listener.protocol == Protocol::Tcp) {
      auto it = services.find(listener.service);
      if (it != services.end()) rules->service = it->second;
      return rules;
    }
    for (size_t i = 0; i < config.sites.size(); ++i) {
      const std::vector<std::string>& on = config.sites[i].listeners;
      if (std::find(on.begin(), on.end(), listener.name) == on.end()) continue;
      for (const std::string& host : config.sites[i].hosts) {
        if (host == "*" && listener.unknown_sni == UnknownSni::Refuse) continue;
        rules->sites.add(host, *snapshot.sites[i]);
      }
    }
    return rules;
  }
};

std::shared_ptr<const Snapshot> SnapshotBuilder::build(const Config& config,
                                                       const Materials& materials,
                                                       Problems& problems) {
  size_t before = problems.size();
  Build run{*this, config, materials, problems, {}};
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = config;
  auto at = [](const char* list, size_t i) {
    return std::string(list) + "[" + std::to_string(i) + "]";
  };
  for (size_t i = 0; i < config.services.size(); ++i) {
    run.build_service(config.services[i], at("services", i));
  }
  for (size_t i = 0; i < config.sites.size(); ++i) {
    snapshot->sites.push_back(run.build_site(config.sites[i], at("sites", i)));
  }
  for (const ListenerConfig& listener : config.listeners) {
    snapshot->listeners.push_back(run.build_listener(listener, *snapshot));
  }
  std::vector<std::string> ticket_secrets = run.ticket_secrets();
  forget_unused(certificates_);
  forget_unused(trusts_);
  forget_unused(demands_);
  forget_unused(contexts_);
  forget_unused(backends_);
  forget_unused(route_metrics_);
  if (run.incomplete || problems.size() != before) return nullptr;

  ticket_ring_->use(ticket_secrets);
  for (std::string& secret : ticket_secrets) explicit_bzero(secret.data(), secret.size());
  services_ = std::move(run.services);
  service_configs_.clear();
  for (const ServiceConfig& service : config.services) service_configs_[service.name] = service;
  return snapshot;
}

}  // namespace sallyport
