// The plainest relay that the seam's contract allows: a check of the contract, and of the network.
#pragma once

#include <optional>

#include "dataplane/io/loop.h"
#include "dataplane/io/pipe.h"
#include "dataplane/io/socket.h"
#include "tests/sim/byte_queue.h"

namespace sallyport::sim {

/// Takes a client's connection, connects to the backend, and carries bytes both ways until both
/// directions have ended or one is cut. Buries itself.
class RelayTask final : public Task {
 public:
  /// `alive` counts the tasks that exist. With `pipes`, splices.
  RelayTask(Loop& loop, int client, const Address& backend, PipePool* pipes, int& alive);
  ~RelayTask() override;

  void turn() override;

 private:
  struct Way {
    Socket& from;
    Socket& to;
    ByteQueue waiting;
    std::unique_ptr<Pipe> pipe;
    bool ended = false;
    bool finished = false;
  };
  enum class Said : uint8_t { Waiting, Cut };

  Said carry(Way& way);
  Said copy(Way& way, bool& more);
  Said splice(Way& way, bool& more);
  void end(bool cut);

  Loop& loop_;
  PipePool* pipes_;
  int& alive_;
  Deadline idle_;
  Socket client_;
  Socket backend_;
  std::optional<Way> there_;
  std::optional<Way> back_;
  bool over_ = false;
};

}  // namespace sallyport::sim
