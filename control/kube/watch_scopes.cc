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

WatchScope config_map_scope(const ObjectName& name) {
  return {Kind::ConfigMap, name.space, named(name.name), true};
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
  const NamespacedName& fallback = config.default_certificate;
  for (const ObjectName& each : names) {
    bool of_settings = each.space == fallback.space && each.name == fallback.name;
    if (!of_settings) add(each.space, each.name);
  }
  // Those of the settings are often in a namespace of which nothing else may be read.
  for (const NamespacedName* each : {&config.default_certificate, &config.ticket_secret}) {
    if (each->empty()) continue;
    bool known = config.secrets == SecretAccess::Cluster
                     ? counts(config, each->space)
                     : scopes.count({Kind::Secret, each->space, kOtherTypes, true}) > 0;
    if (!known) scopes.insert({Kind::Secret, each->space, named(each->name), true});
  }
  return scopes;
}

}  // namespace sallyport::kube
