// What is counted of the translation of a cluster.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "control/kube/translator.h"

namespace sallyport::kube {

/// Any thread.
class ClusterCounts {
 public:
  /// What a translation has changed.
  void note(const Delta& delta);
  /// The next note() is of a translation from scratch.
  void reset();

  /// Appends families sallyport_kubernetes_… in Prometheus' text format.
  std::string prometheus() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, size_t> findings_;  // by severity and code
  std::set<std::string> unverified_;  // services with TLS that accept any certificate
};

}  // namespace sallyport::kube
