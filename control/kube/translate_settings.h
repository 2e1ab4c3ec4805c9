// What the operator says about how a cluster is translated: the part of the configuration's
// `kubernetes:` section that concerns translation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/kube/objects.h"
#include "dataplane/model/config.h"

namespace sallyport::kube {

constexpr const char* kController = "sallyport.dev/ingress-controller";

struct TranslateSettings {
  std::string controller = kController;      // spec.controller of IngressClasses that are ours
  std::vector<std::string> ingress_classes;  // taken over, whosever they are
  std::vector<std::string> namespaces;       // empty: all
  bool ssl_passthrough = false;
  bool compat = false;  // ingress-nginx is followed in its surprises, too
  bool require_backend_verification = false;
  std::optional<ObjectName> default_certificate;
  std::optional<ObjectName> config_map;
  std::vector<std::string> http_listeners, https_listeners;  // their names
  bool operator==(const TranslateSettings&) const = default;
};

/// What the configuration says. `listeners` are its own: every http and https listener serves.
TranslateSettings settings_for(const KubernetesConfig& config,
                               const std::vector<ListenerConfig>& listeners);

}  // namespace sallyport::kube
