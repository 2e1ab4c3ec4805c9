#include "control/explain.h"

#include <cstdio>

#include "control/file/secret_reader.h"
#include "control/file/yaml_reader.h"
#include "dataplane/listener_key.h"
#include "dataplane/model/hostname.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

namespace {

const char* why(NameMatch match) {
  switch (match) {
    case NameMatch::Exact: return "the host is this name";
    case NameMatch::Wildcard: return "a wildcard covers the name's first label";
    case NameMatch::Default: return "no other site has the name, and \"*\" takes the rest";
    case NameMatch::None: return "no site has the name";
  }
  return "";
}

const SiteConfig& config_of(const Snapshot& snapshot, const Site& site) {
  for (size_t i = 0; i < snapshot.sites.size(); ++i) {
    if (snapshot.sites[i].get() == &site) return snapshot.config.sites[i];
  }
  std::abort();  // the table of a snapshot holds the snapshot's own sites
}

void print_service(const Snapshot& snapshot, const std::string& name) {
  for (const ServiceConfig& service : snapshot.config.services) {
    if (service.name != name) continue;
    std::printf("  service:   %s (%s)\n", name.c_str(), service.place.text().c_str());
    for (const EndpointConfig& e : service.endpoints) {
      bool literal = Address::parse_ip(e.host).has_value();
      bool six = literal && e.host.find(':') != std::string::npos;
      std::printf("  endpoint:  %s%s%s:%u%s\n", six ? "[" : "", e.host.c_str(), six ? "]" : "",
                  e.port, literal ? "" : " (looked up while running)");
    }
    if (!service.tls) {
      std::printf("  backend:   plain\n");
    } else {
      std::printf("  backend:   TLS, verify: %s, authorities: %s, name: %s\n",
                  sallyport::name(service.tls->verify),
                  service.tls->secret.empty() ? "the system's" : service.tls->secret.c_str(),
                  service.tls->name.empty() ? "the endpoint's" : service.tls->name.c_str());
    }
  }
}

void print_site(const Snapshot& snapshot, const Site& site, NameMatch match) {
  const SiteConfig& config = config_of(snapshot, site);
  std::printf("  site:      %s (%s): %s\n", site.name.c_str(), config.place.text().c_str(),
              why(match));
  std::printf("  scenario:  %s\n", name(site.scenario));
  for (size_t i = 0; i < site.certificates.size(); ++i) {
    std::printf("  certificate: of secret %s, covers %s\n", config.secrets[i].c_str(),
                site.certificates[i]->names().c_str());
  }
  if (config.client_auth.verify != VerifyClient::Off) {
    std::printf("  client certificate: %s, trusted by ca.crt of secret %s\n",
                name(config.client_auth.verify), config.client_auth.secret.c_str());
  }
  print_service(snapshot, config.routes.front().service);
}

}  // namespace

int explain(const std::string& file, const std::string& host) {
  ReadResult read = read_config_file(file);
  Problems problems = read.problems;
  std::shared_ptr<const Snapshot> snapshot;
  if (read.config) {
    Materials materials;
    materials.secrets = read_secrets(*read.config, problems);
    snapshot = SnapshotBuilder(1).build(*read.config, materials, problems);
  }
  if (!snapshot || !problems.empty()) {
    for (const Problem& p : problems) std::fprintf(stderr, "%s\n", p.text().c_str());
    return 1;
  }
  std::string name_asked = normal_host(host);
  for (const auto& rules : snapshot->listeners) {
    const ListenerConfig& listener = rules->config;
    std::printf("listener %s (%s, %s)\n", listener.name.c_str(), listener_key(listener).c_str(),
                name(listener.protocol));
    if (listener.protocol == Protocol::Tcp) {
      std::printf("  site:      none: a tcp listener has one service for every name\n");
      print_service(*snapshot, listener.service);
      continue;
    }
    SiteTable::Found found = rules->sites.find(name_asked);
    if (found.site) {
      print_site(*snapshot, *found.site, found.match);
    } else {
      std::printf("  refused with the TLS alert unrecognized_name: %s on this listener\n",
                  why(found.match));
    }
  }
  return 0;
}

}  // namespace sallyport
