// What a worker has, without its thread and its listeners: the code under test, in one place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/session/exchange_pool.h"
#include "dataplane/session/session.h"

namespace sallyport::sim {

/// Thread: the loop's. The network outlives it.
class DataPlane final : public SessionContext {
 public:
  struct Parts {
    // What the loop still has to free gives back to these.
    Scratch scratch;
    PipePool pipes;
    WorkerMetrics metrics;
    ClientTable clients;
    Loop loop;
    BackendPool backends{loop, scratch, metrics};
    ExchangePool exchanges;
    explicit Parts(size_t pipe_memory) : pipes(pipe_memory) {}
  };

  /// `parts` lives longer.
  DataPlane(Parts& parts, RecordSink& records);

  void publish(std::shared_ptr<const Snapshot> snapshot);
  /// By the rules of the first listener.
  void accept(int descriptor, const Address& peer);
  /// As Worker::stop_listening(), but for the listeners.
  void drain();
  void cut_sessions();

  uint64_t accepted() const { return accepted_; }
  /// After the run: what was not put back, in words. `recorded` is how many connections were.
  std::vector<std::string> problems(size_t recorded) const;

 private:
  void retire(Generation* unused) override;
  void keep_wanted_backends();

  std::vector<std::unique_ptr<Generation>> generations_;
  size_t retired_ = 0;
  uint64_t accepted_ = 0;
};

}  // namespace sallyport::sim
