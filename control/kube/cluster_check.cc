#include "control/kube/cluster_check.h"

#include <cstdio>

#include "control/kube/cluster_reader.h"
#include "control/kube/manifests.h"
#include "control/kube/report.h"
#include "control/kube/roles.h"
#include "control/kube/watch_scopes.h"

namespace sallyport::kube {

namespace {

constexpr const char* kTheirController = "k8s.io/ingress-nginx";
constexpr const char* kTheirConfigMap = "ingress-nginx-controller";

// What somebody has who asks before there is a configuration.
TranslateSettings usual_settings(const Manifests& manifests) {
  TranslateSettings settings;
  settings.ingress_classes = {"nginx"};
  settings.http_listeners = {"http"};
  settings.https_listeners = {"https"};
  for (const ObjectPtr& object : manifests.objects) {
    if (object->kind() == Kind::IngressClass &&
        object->as<IngressClass>().controller == kTheirController) {
      settings.ingress_classes.push_back(object->name.name);
    }
    if (object->kind() == Kind::ConfigMap && object->name.name == kTheirConfigMap) {
      settings.config_map = object->name;
    }
  }
  return settings;
}

TranslateSettings settings_of(const ClusterCheckOptions& options, const Manifests& manifests) {
  bool configured = options.config && options.config->kubernetes;
  return configured ? settings_for(*options.config->kubernetes, options.config->listeners)
                    : usual_settings(manifests);
}

// First what there always is, then the Secrets and ConfigMaps that this names.
Manifests read_cluster(const ClusterCheckOptions& options) {
  bool configured = options.config && options.config->kubernetes;
  KubernetesConfig config = configured ? *options.config->kubernetes : KubernetesConfig{};
  // No more keys than needed come to the machine of somebody who only asks.
  if (config.secrets == SecretAccess::Cluster) config.secrets = SecretAccess::Namespaces;
  config.ticket_secret = {};
  std::vector<WatchScope> always = watch_scopes(config);
  std::set<WatchScope> scopes(always.begin(), always.end());
  if (!configured) scopes.insert(config_map_scope({"", kTheirConfigMap}));
  ClusterReader reader(
      [&options] { return read_kubeconfig_file(options.kubeconfig, options.context); },
      options.kubeconfig);
  Manifests manifests;
  reader.read(scopes, manifests);
  Translator translator(settings_of(options, manifests));
  (void)translator.apply(changes_between({}, manifests.objects));
  std::set<WatchScope> named = secret_scopes(config, translator.wanted(Kind::Secret));
  for (const ObjectName& name : translator.wanted(Kind::ConfigMap)) {
    named.insert(config_map_scope(name));
  }
  if (manifests.problems.empty()) reader.read(named, manifests);
  return manifests;
}

}  // namespace

int check_cluster(const ClusterCheckOptions& options) {
  Manifests manifests =
      options.kubeconfig.empty() ? read_manifests(options.manifests) : read_cluster(options);
  bool configured = options.config && options.config->kubernetes;
  Translator translator(settings_of(options, manifests));
  (void)translator.apply(changes_between({}, manifests.objects));
  if (options.print_roles) {
    SecretAccess access = configured ? options.config->kubernetes->secrets : SecretAccess::Cluster;
    ObjectName tickets;
    if (configured) {
      const auto& named = options.config->kubernetes->ticket_secret;
      tickets = {named.space, named.name};
    }
    std::string roles = roles_yaml(translator, options.secrets.value_or(access),
                                   {"sallyport", "sallyport"}, tickets);
    std::fputs(roles.c_str(), stdout);
    return manifests.problems.empty() ? 0 : 1;
  }
  bool readable = manifests.problems.empty();
  Report report = migration_report(translator, std::move(manifests.problems));
  std::string text = options.json ? report_json(report) : report_text(report);
  std::fputs(text.c_str(), stdout);
  return readable && !report.less_secure() ? 0 : 1;
}

}  // namespace sallyport::kube
