// One look at a cluster: its objects as they are, for who does not stay.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "control/kube/http_client.h"
#include "control/kube/manifests.h"
#include "control/kube/reflector.h"

namespace sallyport::kube {

/// Thread: one.
class ClusterReader {
 public:
  /// `source` is what messages call the cluster: the kubeconfig's path.
  ClusterReader(Credentials::Load credentials, std::string source)
      : credentials_(std::move(credentials)), source_(std::move(source)) {}

  /// Adds the objects of `scopes`. What cannot be read after some attempts, for want of rights or
  /// of a server, is a problem; the rest is read all the same. Blocks, for a minute at most where
  /// nothing answers.
  void read(const std::set<WatchScope>& scopes, Manifests& manifests);

 private:
  Credentials credentials_;
  HttpClient client_;
  std::string source_;
};

}  // namespace sallyport::kube
