// What one replica of all does: write the status of Ingresses, Events of findings, and the ring of
// ticket keys. Which one it is is decided by a Lease; all of them serve.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/kube/election.h"
#include "control/kube/http_client.h"
#include "control/kube/objects.h"
#include "control/kube/watch_counts.h"
#include "dataplane/model/kubernetes_config.h"

namespace sallyport::kube {

/// An Ingress whose status is not what it should be.
struct StatusWork {
  std::vector<PublishedAddress> addresses;  // what it should be
  std::string version;                      // of the object in which it was seen to be wrong
};
using StatusBacklog = std::map<ObjectName, StatusWork>;

/// An Event to write. The same one again, by whichever replica, is the same Event.
struct EventWork {
  Kind kind = Kind::Ingress;
  ObjectName object;
  std::string uid;
  std::string reason;  // "MissingSecret"
  std::string note;
  bool warning = true;
};

struct LeaderSettings {
  Credentials::Load credentials;
  LeaderElection election;
  NamespacedName ticket_secret;
  std::string controller;  // as whom Events are reported
  std::string who;         // unique among the replicas
};

/// A thread of its own, straight-line. Public functions: any thread.
class Leader {
 public:
  /// `on_change` is called on that thread when leading begins or ends. REQUIRES: `counts`
  /// outlives this.
  Leader(LeaderSettings settings, WatchCounts& counts, std::function<void()> on_change);
  /// Gives the lease up, if it holds it and the API server answers within seconds.
  ~Leader();

  bool leads() const { return leads_; }
  /// In place of the last backlog.
  void set_status(StatusBacklog backlog);
  void add_events(std::vector<EventWork> events);

  std::string prometheus() const;

 private:
  void run();
  void elect();
  void note_leading();
  bool write_lease(const Lease& lease);
  void write_status();
  bool write_status_of(const ObjectName& ingress, const StatusWork& work);
  void write_events();
  bool write_event(const EventWork& event);
  void rotate_tickets();
  void pause();
  std::optional<HttpAnswer> ask(HttpRequest request);
  void report(const std::string& what, const HttpAnswer& answer);
  std::string lease_path() const;

  LeaderSettings settings_;
  WatchCounts& counts_;
  std::function<void()> on_change_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> leads_{false};
  std::atomic<uint64_t> statuses_{0}, events_written_{0}, rotations_{0};

  // Of the thread:
  Election election_;
  Credentials credentials_;
  BlockingClient client_;
  std::map<ObjectName, std::string> written_;  // and in answer to which version
  std::chrono::steady_clock::time_point tickets_at_{}, refused_until_{};

  std::mutex mutex_;
  std::condition_variable changed_;
  StatusBacklog backlog_;
  std::deque<EventWork> events_;
  bool news_ = false;
  std::thread thread_;
};

/// The same for the same event: by it a replica finds that another has written it.
std::string event_name(const EventWork& event);
std::string event_json(const EventWork& event, const LeaderSettings& settings, WallTime now);
std::string status_json(const std::vector<PublishedAddress>& addresses);

}  // namespace sallyport::kube
