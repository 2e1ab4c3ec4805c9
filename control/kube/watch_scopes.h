// Which watches there are.
#pragma once

#include <set>
#include <vector>

#include "control/kube/reflector.h"
#include "dataplane/model/kubernetes_config.h"

namespace sallyport::kube {

/// The watches that there always are.
std::vector<WatchScope> watch_scopes(const KubernetesConfig& config);

/// And that of a ConfigMap which an Ingress names.
WatchScope config_map_scope(const ObjectName& name);

/// And those of the Secrets in `named`, where the policy is to watch no others.
std::set<WatchScope> secret_scopes(const KubernetesConfig& config,
                                   const std::set<ObjectName>& named);

}  // namespace sallyport::kube
