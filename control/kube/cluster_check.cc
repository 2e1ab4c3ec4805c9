#include "control/kube/cluster_check.h"

#include <cstdio>

#include "control/kube/manifests.h"
#include "control/kube/report.h"
#include "control/kube/roles.h"

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

}  // namespace

int check_cluster(const ClusterCheckOptions& options) {
  Manifests manifests = read_manifests(options.manifests);
  bool configured = options.config && options.config->kubernetes;
  Translator translator(configured ? settings_for(*options.config->kubernetes,
                                                        options.config->listeners)
                                   : usual_settings(manifests));
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
