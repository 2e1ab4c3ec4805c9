// The rights that a controller needs for given Ingresses, as manifests to apply.
#pragma once

#include <string>

#include "control/kube/translator.h"
#include "dataplane/model/kubernetes_config.h"

namespace sallyport::kube {

/// ClusterRoles and Roles with their bindings for the ServiceAccount `account`: Secrets of the
/// whole cluster, of the namespaces that have Ingresses of ours, or only those that these name, one
/// by one. `ticket_secret` is the one that the leader writes; without a name there is none. Never a
/// right to grant rights.
std::string roles_yaml(const Translator& translator, SecretAccess access,
                       const ObjectName& account, const ObjectName& ticket_secret);

}  // namespace sallyport::kube
