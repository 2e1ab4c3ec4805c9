// The objects of a cluster as they change, gathered for whoever applies them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "control/kube/gathering.h"
#include "control/kube/http_client.h"
#include "control/kube/reflector.h"
#include "control/kube/watch_counts.h"

namespace sallyport::kube {

struct ClusterWatchSettings {
  Credentials::Load credentials;
  std::vector<WatchScope> scopes;
  ReflectorSettings reflector;
  uint64_t seed = 1;
  size_t objects_size = SIZE_MAX;  // of all objects together
};

/// All watches, on one thread. Public functions: any thread.
class ClusterWatch final : private ReflectorListener {
 public:
  /// `on_due` is called on the watch's thread when take() has something, or when everything has
  /// settled; not again before take(). REQUIRES: `counts` outlives this.
  ClusterWatch(ClusterWatchSettings settings, WatchCounts& counts, std::function<void()> on_due);
  ~ClusterWatch() override;

  /// What has changed since the last call. The first change after quiet is due at once, a burst is
  /// gathered. Nothing comes before everything has settled once, and then all of it at once.
  ObjectChanges take();

  /// Beside the scopes of the settings exactly these are watched. Objects of one that is dropped
  /// are told to be gone.
  void watch_also(std::set<WatchScope> scopes);

  /// Each watch has once had an answer, those of watch_also() included.
  bool settled() const;

 private:
  void run();
  void adopt();
  Millis step();
  void begin_due(Credentials& credentials);
  void tell_due();
  void note_settled();

  void on_changes(ObjectChanges changes) override;
  void on_count(const WatchScope& scope, size_t before, size_t after) override {
    counts_.objects(scope, before, after);
  }
  bool on_size(size_t before, size_t after) override;
  void on_settled(const WatchScope& scope) override;
  void on_relist(const WatchScope& scope) override { counts_.relist(scope); }
  void on_fault(const WatchScope& scope, Fault fault, const std::string& detail) override {
    counts_.fault(scope, fault, detail);
  }
  void on_success(const WatchScope& scope) override { counts_.success(scope); }

  ClusterWatchSettings settings_;
  WatchCounts& counts_;
  std::function<void()> on_due_;
  HttpClient client_;
  std::map<WatchScope, std::unique_ptr<Reflector>> reflectors_;  // of the thread
  uint64_t made_ = 0;
  size_t size_ = 0;  // of all objects, as footprint() has it

  mutable std::mutex mutex_;
  std::set<WatchScope> wanted_;    // by watch_also()
  bool wanted_changed_ = false;
  std::set<WatchScope> unsettled_;
  Gathering gathering_;
  ObjectChanges pending_;
  bool told_ = false;              // on_due() was called, and take() not yet
  bool complete_ = false;          // everything has settled once
  bool settled_news_ = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace sallyport::kube
