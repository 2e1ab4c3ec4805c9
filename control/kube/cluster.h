// A cluster as a part of the configuration: watched, translated, and kept for bad times.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/kube/cluster_counts.h"
#include "control/kube/cluster_watch.h"
#include "control/kube/leader.h"
#include "control/kube/manifest_source.h"
#include "control/kube/translator.h"
#include "dataplane/model/config.h"
#include "dataplane/route/snapshot.h"

namespace sallyport::kube {

/// Thread: the control thread's, but for prometheus().
class Cluster {
 public:
  /// `listeners` are those of the configuration. `on_due` is called, on another thread, when
  /// take() has something to do.
  Cluster(const KubernetesConfig& config, const std::vector<ListenerConfig>& listeners,
          std::function<void()> on_due);
  ~Cluster();

  /// Translates what has changed. True: traffic is concerned, and complete() says how.
  bool take();
  /// What is done by time; for each pass of the control thread's loop, about once a second. The
  /// same answer as take().
  bool tick();
  /// Everything has been listed once, or what was kept on disk is used in its place.
  bool ready() const { return ready_; }
  /// The file has other listeners now.
  void set_listeners(const std::vector<ListenerConfig>& listeners);

  /// `base` with the sites, services and secrets of the cluster.
  Config complete(Config base) const;
  /// How many of each complete() adds, behind those of `base`.
  size_t sites() const { return translator_->sites().size(); }
  size_t services() const { return translator_->services().size(); }
  /// The contents of the secrets, by their names in the model.
  const SecretMap& secrets() const { return secrets_; }

  std::string prometheus() const;

 private:
  bool apply(const ObjectChanges& changes);
  void take_secrets(const Delta& delta);
  bool take_tickets(const ObjectChanges& changes);
  void translate_anew(const ObjectChanges& changes);
  void follow_names();
  void become_ready(const char* how);
  void find_addresses(const ObjectChanges& changes);
  void judge_status(const ObjectName& ingress);
  void add_events(const Findings& findings);
  void lead();
  void use_cache();
  void keep();

  using Clock = std::chrono::steady_clock;

  KubernetesConfig config_;
  std::function<void()> on_due_;
  TranslateSettings translate_;
  std::unique_ptr<Translator> translator_;
  SecretMap secrets_;
  bool tickets_ = false;            // the ring is there, and among the secrets
  bool ready_ = false, from_cache_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point kept_at_{};
  bool unkept_ = false;             // something has changed since it was kept

  std::vector<PublishedAddress> addresses_;  // what Ingresses should say; empty: not known
  StatusBacklog backlog_;
  bool backlog_changed_ = false, led_ = false;

  WatchCounts counts_;
  ClusterCounts translated_;
  std::unique_ptr<Leader> leader_;  // null: nothing is written
  std::unique_ptr<ClusterWatch> watch_;         // null: there are manifests in its place
  std::unique_ptr<ManifestSource> manifests_;
};

/// How to get at the API server that `config` says.
Credentials::Load credentials_of(const KubernetesConfig& config);

}  // namespace sallyport::kube
