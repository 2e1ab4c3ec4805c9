#include "control/kube/translate_settings.h"

namespace sallyport::kube {

namespace {

template <class Reference>
std::optional<ObjectName> named(const Reference& reference) {
  if (reference.empty()) return std::nullopt;
  return ObjectName{reference.space, reference.name};
}

}  // namespace

TranslateSettings settings_for(const KubernetesConfig& config,
                               const std::vector<ListenerConfig>& listeners) {
  TranslateSettings settings;
  settings.controller = config.controller;
  settings.ingress_classes = config.ingress_classes;
  settings.namespaces = config.namespaces;
  settings.ssl_passthrough = config.ssl_passthrough;
  settings.compat = config.compat == Compat::IngressNginx;
  settings.require_backend_verification = config.require_backend_verification;
  settings.default_certificate = named(config.default_certificate);
  settings.config_map = named(config.config_map);
  for (const ListenerConfig& listener : listeners) {
    if (listener.protocol == Protocol::Http) settings.http_listeners.push_back(listener.name);
    if (listener.protocol == Protocol::Https) settings.https_listeners.push_back(listener.name);
  }
  return settings;
}

}  // namespace sallyport::kube
