// `sallyport check` of a cluster's objects: the migration report, and the rights to grant.
#pragma once

#include <optional>
#include <string>

#include "dataplane/model/config.h"

namespace sallyport::kube {

struct ClusterCheckOptions {
  std::string manifests;         // a folder or a file; or else
  std::string kubeconfig;        // a file: of the cluster whose objects are asked for
  std::string context;           // of it; empty: its current one
  std::optional<Config> config;  // whose settings and listeners count; none: usual ones
  bool json = false;
  bool print_roles = false;      // instead of the report
  std::optional<SecretAccess> secrets;  // for the roles; none: the configuration's
};

/// Prints to stdout. 0: nothing would be served less securely than by ingress-nginx; 1: something
/// would, or objects cannot be read. Without a configuration Ingresses of the class nginx count,
/// and those of every class that ingress-nginx' controller has. Of a cluster only Secrets are read
/// that Ingresses name, or their namespaces where the configuration does not say `secrets: names`.
int check_cluster(const ClusterCheckOptions& options);

}  // namespace sallyport::kube
