#include "control/kube/watch_scopes.h"

#include <algorithm>

namespace sallyport::kube {

namespace {

// Secrets of these types are none that Ingresses name, and in some clusters they are most of the
// bytes: releases of Helm, tokens, and passwords for registries and machines.
constexpr const char* kOtherTypes =
    "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,"
    "type!=kubernetes.io/dockerconfigjson,type!=kubernetes.io/dockercfg,"
    "type!=bootstrap.kubernetes.io/token,type!=kubernetes.io/ssh-auth";

std::string named(const std::string& name) { return "metadata.name=" + name; }

bool counts(const KubernetesConfig& config, const std::string& space) {
  const std::vector<std::string>& spaces = config.namespaces;
  return spaces.empty() || std::find(spaces.begin(), spaces.end(), space) != spaces.end();
}

}  // namespace

std::vector<WatchScope> watch_scopes(const KubernetesConfig& config) {
  std::vector<WatchScope> scopes = {{Kind::IngressClass, "", "", false}};
  std::vector<std::string> spaces = config.namespaces;
  if (spaces.empty()) spaces = {""};
  for (const std::string& space : spaces) {
    for (Kind kind : {Kind::Ingress, Kind::Service, Kind::EndpointSlice}) {
      scopes.push_back({kind, space, "", false});
    }
    if (config.secrets == SecretAccess::Cluster) {
      scopes.push_back({Kind::Secret, space, kOtherTypes, false});
    }
  }
  const NamespacedName& service = config.status.service;
  if (!service.empty() && !counts(config, service.space)) {
    scopes.push_back({Kind::Service, service.space, named(service.name), true});
  }
  const NamespacedName& settings = config.config_map;
  if (!settings.empty()) {
    scopes.push_back({Kind::ConfigMap, settings.space, named(settings.name), true});
  }
  if (config.status.nodes) scopes.push_back({Kind::Node, "", "", true});
  return scopes;
}

std::set<WatchScope> secret_scopes(const KubernetesConfig& config,
                                   const std::set<ObjectName>& names) {
  std::set<WatchScope> scopes;
  auto add = [&](const std::string& space, const std::string& name) {
    switch (config.secrets) {
      case SecretAccess::Names: scopes.insert({Kind::Secret, space, named(name), true}); break;
      case SecretAccess::Namespaces:
        scopes.insert({Kind::Secret, space, kOtherTypes, true});
        break;
      case SecretAccess::Cluster:
        // Watched already, unless it is in none of the namespaces that count.
        if (counts(config, space)) break;
        scopes.insert({Kind::Secret, space, named(name), true});
        break;
    }
  };
  for (const ObjectName& each : names) add(each.space, each.name);
  for (const NamespacedName* each : {&config.default_certificate, &config.ticket_secret}) {
    if (!each->empty()) add(each->space, each->name);
  }
  return scopes;
}

}  // namespace sallyport::kube
