// One thread: one loop, its own listening sockets, its own sessions, its own view of the snapshot.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/io/listener.h"
#include "dataplane/io/loop.h"
#include "dataplane/observe/access_log.h"
#include "dataplane/observe/connection_info.h"
#include "dataplane/session/exchange_pool.h"
#include "dataplane/session/session.h"

namespace sallyport {

/// Takes back what workers no longer use. Called on worker threads.
class SnapshotTrash {
 public:
  virtual ~SnapshotTrash() = default;
  virtual void throw_away(std::shared_ptr<const Snapshot> snapshot) = 0;
};

/// Listening sockets by the text of the configured address.
using ListeningSockets = std::map<std::string, int>;

/// Thread: every public function is called by the control thread; what it asks for happens on the
/// worker's own, in order.
class Worker final : private SessionContext {
 public:
  Worker(size_t index, size_t workers, ClientTable& client_table, AccessLog& access_log,
         SnapshotTrash& trash);
  /// Stops the loop, cutting what is still open.
  ~Worker();

  /// From here on new connections are treated by `snapshot`; those that are open keep theirs.
  /// Takes over `sockets`, those of listeners that are new; closes those of listeners that are
  /// gone.
  /// The future is ready when that is so.
  std::future<void> publish(std::shared_ptr<const Snapshot> snapshot, ListeningSockets sockets);
  /// Accepts what is queued, closes all listeners, and returns when that is done. From then on
  /// connections are closed as soon as nothing is going on on them.
  void stop_listening();
  /// Cuts every session.
  void cut_sessions();
  /// Waits for the worker's turn. At most `most` connections are described.
  std::vector<ConnectionInfo> connections(size_t most);

  const WorkerMetrics& metrics() const { return metrics_; }

 private:
  class Door;  // one listener
  class Tide;  // the memory of the last wave is given back when there is no other

  void use(std::shared_ptr<const Snapshot> snapshot, ListeningSockets sockets);
  void keep_wanted_backends(const Snapshot& last);
  void retire(Generation* unused) override;

  size_t workers_;
  // What the loop still has to free gives back to these.
  Scratch scratch_;
  PipePool pipes_;
  WorkerMetrics metrics_;
  Loop loop_;
  AccessLogWriter log_;
  SnapshotTrash& trash_;
  BackendPool backends_;
  ExchangePool exchanges_;
  std::map<std::string, std::unique_ptr<Door>> doors_;
  std::unique_ptr<Tide> tide_;
  std::thread thread_;
};

}  // namespace sallyport
