// `sallyport check`: everything that `run` would find wrong, without running.
#pragma once

#include <string>

namespace sallyport {

struct CheckOptions {
  std::string file;
  bool secrets = true;  // read key material and check it against the sites
  bool json = false;
  std::string manifests;      // check a cluster's objects instead; the file only if `with_file`
  std::string kubeconfig;     // the same, of a cluster itself
  std::string context;        // of the kubeconfig; empty: its current one
  bool with_file = true;
  bool print_roles = false;
  std::string secret_access;  // cluster, namespaces or names; empty: as the file says
};

/// Prints every problem (stdout as JSON, else stderr) and returns 0 for a valid file, 1 otherwise;
/// or, of a cluster, what control/kube/cluster_check.h says.
int check(const CheckOptions& options);

}  // namespace sallyport
