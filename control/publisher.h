// From the configuration file to a snapshot in use: all or nothing, again for each change.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/kube/cluster.h"
#include "control/ocsp/stapler.h"
#include "dataplane/io/resolver.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/server.h"

namespace sallyport {

/// Thread: the control thread's, but for process_metrics() and config(), which any may call.
class Publisher {
 public:
  /// REQUIRES: all outlive this.
  Publisher(std::string file, Server& server, Resolver& resolver);

  /// From now on what is published is the file with the cluster, and before that is ready nothing
  /// but the settings. REQUIRES: it outlives this.
  void add_cluster(kube::Cluster& cluster) { cluster_ = &cluster; }
  /// The cluster has changed: the file as it was read last, with the cluster as it is now. Says
  /// whether it was applied.
  bool publish_cluster();

  /// Reads the file and its secrets, and applies them. On any problem everything stays as it was,
  /// and each problem is logged. Says whether it was applied.
  bool reload();
  /// The same, but without a word when nothing has changed, and without the same words again when
  /// what is wrong is what was wrong the last time: for when some file in a folder was touched.
  void reload_if_changed();
  /// The folders of the file and of the secrets in use.
  std::set<std::string> folders() const;
  /// The resolver has news: the same configuration with other addresses.
  void refresh_addresses();

  ProcessMetrics process_metrics() const;
  Config config() const;
  void set_draining();

 private:
  bool publish(Config config, SecretMap secrets);
  std::shared_ptr<const Snapshot> build_rest(Config& config, const Materials& materials,
                                             Problems& problems);
  struct Read {
    std::optional<Config> config;
    SecretMap secrets;
    Problems problems;
  };
  Read read() const;
  bool apply(Read read);
  void add_cluster_to(Read& read) const;
  bool refuse(const Problems& problems);
  void wait_for_names(const ResolverConfig& resolver);

  std::string file_;
  kube::Cluster* cluster_ = nullptr;
  Read of_file_;  // as it was read and applied last, without the cluster
  Server& server_;
  Resolver& resolver_;
  SnapshotBuilder builder_;
  Stapler stapler_;
  SecretMap secrets_;  // of the configuration in use
  std::vector<std::string> names_;             // that the resolver was given
  std::vector<std::string> left_out_;          // of the cluster, and why
  std::vector<std::string> refused_;           // what was wrong the last time
  mutable std::mutex mutex_;                   // of what other threads read:
  Config config_;
  ProcessMetrics metrics_;
};

/// The names among the endpoints that must be looked up.
std::vector<std::string> names_to_resolve(const Config& config);

}  // namespace sallyport
