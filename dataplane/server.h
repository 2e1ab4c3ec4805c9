// The data plane as a whole: workers, their sockets, and the snapshot they use.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/observe/access_log.h"
#include "dataplane/service/health_checks.h"
#include "dataplane/session/client_table.h"
#include "dataplane/worker.h"

namespace sallyport {

/// Thread: the control thread's, but for metrics(), traffic(), connections() and
/// open_connections(), which any may call between the first publish() and the destructor.
class Server final : private SnapshotTrash {
 public:
  Server(size_t workers, AccessLog& access_log);
  ~Server() override;

  /// All or nothing: binds what is new, then gives the snapshot to every worker, and returns when
  /// each uses it. On an error (a port is taken) everything stays as it was.
  Result<void> publish(std::shared_ptr<const Snapshot> snapshot);

  /// Accepts what is queued, then refuses. Open connections go on.
  void stop_listening();
  /// Cuts the open connections.
  void cut_sessions();

  size_t workers() const { return workers_.size(); }
  uint64_t open_connections() const { return clients_.open(); }
  std::vector<const WorkerMetrics*> metrics() const;
  /// What routes and services of the snapshot in use have carried.
  TrafficSamples traffic() const;
  std::vector<ConnectionInfo> connections(size_t most);
  /// Where each listener really listens, by name: differs from the configuration for port 0.
  std::vector<std::pair<std::string, Address>> listening() const;

  /// Frees the snapshots that no worker uses any more.
  void empty_trash();

 private:
  void throw_away(std::shared_ptr<const Snapshot> snapshot) override;
  Result<std::vector<ListeningSockets>> bind_new(const Snapshot& snapshot);

  ClientTable clients_;
  std::mutex trash_mutex_;
  std::vector<std::shared_ptr<const Snapshot>> trash_;
  std::map<std::string, Address> bound_;  // by listener_key
  mutable std::mutex current_mutex_;
  std::shared_ptr<const Snapshot> current_;
  HealthChecks health_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sallyport
