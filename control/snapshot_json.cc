#include "control/snapshot_json.h"

#include <algorithm>
#include <unordered_map>

#include "control/json_text.h"

namespace sallyport {

namespace {

class SiteWriter {
 public:
  explicit SiteWriter(JsonText& out) : out_(out) {}

  void write(const SiteConfig& config, const Site& site) {
    out_.object([&] {
      out_.texts("hosts", config.hosts);
      out_.text("place", config.place.text());
      out_.texts("listeners", config.listeners);
      out_.text("scenario", name(config.scenario));
      if (site.tls) tls(config, site);
      if (config.redirect_http) out_.boolean("redirect_http", true);
      if (config.respond) out_.number("respond", *config.respond);
      out_.list("routes", config.routes, [&](const RouteConfig& r) { route(r); });
    });
  }

 private:
  void tls(const SiteConfig& config, const Site& site) {
    out_.text("min_tls", name(config.min_tls));
    out_.list("certificates", config.secrets, [&](const std::string& secret) {
      const auto i = static_cast<size_t>(&secret - config.secrets.data());
      out_.object([&] {
        out_.text("secret", secret);
        if (i >= site.certificates.size()) return;
        out_.text("key", site.certificates[i]->is_rsa() ? "RSA" : "not RSA");
        out_.texts("names", site.certificates[i]->facts().names);
      });
    });
    client_auth(config.client_auth);
  }

  void client_auth(const ClientAuth& auth) {
    if (auth.verify == VerifyClient::Off) return out_.text("client_auth", "off");
    out_.object("client_auth", [&] {
      out_.text("verify", name(auth.verify));
      out_.text("secret", auth.secret);
      out_.text("on_failure", name(auth.on_failure));
      out_.boolean("match", !auth.match.empty());
    });
  }

  void route(const RouteConfig& config) {
    out_.object([&] {
      out_.text("path", config.path);
      out_.text("path_type", name(config.path_type));
      out_.text_if_any("service", config.service);
      if (config.redirect) out_.text("redirect", config.redirect->to);
      if (config.respond) out_.number("respond", *config.respond);
      if (config.client_auth) client_auth(*config.client_auth);
    });
  }

  JsonText& out_;
};

std::string host_and_port(const EndpointConfig& endpoint) {
  bool six = endpoint.host.find(':') != std::string::npos;
  return (six ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

// Of each address, in the same order.
void write_health(JsonText& out, const Service& service) {
  out.list("health", service.health()->endpoints,
           [&](const std::shared_ptr<EndpointHealth>& health) {
             out.object([&] {
               out.text("state", name(health->state()));
               out.text_if_any("fault", health->fault());
             });
           });
}

void write_service(JsonText& out, const ServiceConfig& config, const Service* service,
                   const ServiceTotals* carried) {
  out.object([&] {
    out.text("name", config.name);
    out.text("place", config.place.text());
    out.list("endpoints", config.endpoints,
             [&](const EndpointConfig& e) { out.value(host_and_port(e)); });
    if (service) {
      out.list("addresses", service->endpoints(),
               [&](const Endpoint& e) { out.value(e.address.text()); });
    }
    out.text("protocol", name(config.protocol));
    if (service && service->health()) write_health(out, *service);
    if (config.tls) {
      out.object("tls", [&] {
        out.text("verify", name(config.tls->verify));
        out.text("secret", config.tls->secret.empty() ? "" : config.tls->secret);
        out.text_if_any("name", config.tls->name);
      });
    }
    if (!carried) return;
    out.number("connects", carried->connects);
    out.number("connect_failures", carried->connect_failures);
    out.number("reuses", carried->reuses);
    out.number("retries", carried->retries);
    uint64_t requests = 0;
    for (uint64_t n : carried->requests) requests += n;
    out.number("requests", requests);
  });
}

// The items of a configuration's list that a query asks for, and how many there are.
template <class Items, class Wanted>
size_t choose(const Items& items, const ApiQuery& query, Wanted wanted,
              std::vector<size_t>& chosen) {
  size_t total = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!query.name.empty() && !wanted(items[i])) continue;
    if (total++ < query.most) chosen.push_back(i);
  }
  return total;
}

}  // namespace

std::string sites_json(const Snapshot& snapshot, const ApiQuery& query) {
  const auto& sites = snapshot.config.sites;
  std::vector<size_t> chosen;
  size_t total = choose(sites, query, [&](const SiteConfig& site) {
    return std::find(site.hosts.begin(), site.hosts.end(), query.name) != site.hosts.end();
  }, chosen);
  JsonText out;
  SiteWriter writer(out);
  out.object([&] {
    out.number("total", total);
    out.list("sites", chosen, [&](size_t i) { writer.write(sites[i], *snapshot.sites[i]); });
  });
  return out.take();
}

std::string services_json(const Snapshot& snapshot, const std::vector<ServiceSample>& traffic,
                          const ApiQuery& query) {
  std::unordered_map<std::string_view, const ServiceTotals*> carried;
  for (const ServiceSample& sample : traffic) carried[sample.service] = &sample.totals;
  const auto& services = snapshot.config.services;
  std::vector<size_t> chosen;
  size_t total = choose(services, query,
                        [&](const ServiceConfig& service) { return service.name == query.name; },
                        chosen);
  JsonText out;
  out.object([&] {
    out.number("total", total);
    out.list("services", chosen, [&](size_t i) {
      const auto* service = snapshot.services.find(services[i].name);
      auto found = carried.find(services[i].name);
      write_service(out, services[i], service ? service->get() : nullptr,
                    found == carried.end() ? nullptr : found->second);
    });
  });
  return out.take();
}

}  // namespace sallyport
