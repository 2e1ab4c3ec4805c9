// From the configuration file, and what comes beside it, to a snapshot in use: all or nothing, for
// each change again, and at the cost of the change.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/ca_overlap.h"
#include "control/certificate_checker.h"
#include "control/file/file_watcher.h"
#include "control/file/yaml_reader.h"
#include "control/kube/cluster.h"
#include "control/ocsp/stapler.h"
#include "control/wanted_names.h"
#include "dataplane/io/resolver.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/server.h"

namespace sallyport {

/// Thread: the control thread's, but for process_metrics(), config(), settings(), snapshot()
/// and in_use(), which any may call.
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

  /// What reload() does, of a file that has just been read. For the first time.
  bool start(ReadResult file);
  /// Reads the file and its secrets, and applies them. On any problem everything stays as it was,
  /// and each problem is logged. Says whether it was applied.
  bool reload();
  /// Looks at what has changed, without a word where that makes no difference. The file is applied
  /// or refused as a whole. Of secrets each that is good is used, and one that is not keeps what it
  /// was: half of a pair is there for a moment whenever one is renewed. One that stays bad is told
  /// after a while, by tick(). A file that stands refused is tried again with each change: what it
  /// refers to may have come after it. Says whether the file itself was read.
  bool files_changed(const FileChanges& changes);
  /// The folders of the file, of the secrets in use, and of those of a file that stands refused.
  std::set<std::string> folders() const;
  /// The resolver has news: the same configuration with other addresses.
  void refresh_addresses();
  /// About once a second: what waits for its time.
  void tick();

  ProcessMetrics process_metrics() const;
  Config config() const;
  Settings settings() const;
  std::shared_ptr<const Snapshot> snapshot() const;
  /// The snapshot, and the secrets that it was made from.
  std::pair<std::shared_ptr<const Snapshot>, SecretMap> in_use() const;
  void set_draining();

 private:
  std::shared_ptr<const Snapshot> build_rest(Config& config, const Materials& materials,
                                             Problems& problems);
  using Data = std::shared_ptr<const SecretData>;
  struct Pending {
    Instant since;
    bool told = false;
  };
  struct Read {
    std::optional<Config> config;
    SecretMap secrets;
    Problems problems;
  };

  ReadResult read_file();
  Read read_secrets(ReadResult file, const FileChanges* changes);
  Data read_one(const SecretConfig& secret, Problems& problems);
  bool concerns_file(const FileChanges& changes) const;
  bool apply_file(Read read, const std::vector<std::string>& told = {});
  bool refuse_file(const std::optional<Config>& config, const Problems& problems);
  std::vector<const SecretConfig*> secrets_in(const FileChanges& changes) const;
  void secrets_changed(const std::vector<const SecretConfig*>& secrets);
  void use_secrets(std::vector<const SecretConfig*> secrets, const SecretMap& fresh);
  void hold_back(const std::string& secret);
  bool tell_pending(Instant now);
  /// `salvage`: what of the cluster cannot be built is left out.
  bool use(Config config, const SecretMap& raw, Problems& problems, bool salvage = false);
  bool use_with_cluster(const Config& base, const SecretMap& raw, Problems& problems);
  SecretMap effective(const Config& config, const SecretMap& raw);
  void put_in_use(const Config& config, const SecretMap& raw, SecretMap effective,
                  std::shared_ptr<const Snapshot> snapshot);
  bool refuse(const Problems& problems);
  void count_applied();
  bool resolve(const Config& config);

  std::string file_;
  Server& server_;
  Resolver& resolver_;
  SnapshotBuilder builder_;
  CertificateChecker checker_;
  Stapler stapler_;
  CaOverlap overlap_;
  WantedNames names_;
  kube::Cluster* cluster_ = nullptr;
  Config base_;          // the file's, of the configuration in use
  SecretMap base_raw_;   // and its secrets
  SecretMap raw_;        // as read or delivered, of the configuration in use
  std::map<std::string, std::vector<const SecretConfig*>> by_folder_;  // of config_
  std::map<std::string, Pending> pending_;  // secrets whose files are not good
  std::vector<std::string> left_out_;       // of the cluster, and why
  std::vector<std::string> refused_;        // what was wrong the last time
  bool refused_by_secrets_ = false;         // and with nothing else
  bool file_refused_ = false;               // as it was read last
  std::set<std::string> refused_folders_;   // of its secrets
  mutable std::mutex mutex_;                // of what other threads read:
  Config config_;
  SecretMap effective_;  // with the authorities that are still trusted; written by its own thread
  std::shared_ptr<const Snapshot> snapshot_;
  ProcessMetrics metrics_;
};

/// The names among the endpoints that must be looked up.
std::vector<std::string> names_to_resolve(const Config& config);

}  // namespace sallyport
