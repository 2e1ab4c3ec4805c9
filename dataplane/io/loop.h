// The loop of one thread: time, turns, deadlines, and calls from other threads.
// Implemented on libuv in io/loop.cc and on a virtual clock in tests/sim.
#pragma once

#include <functional>
#include <memory>

#include "dataplane/base/clock.h"
#include "dataplane/io/deadline.h"
#include "dataplane/io/task.h"

namespace sallyport {

/// Thread: everything but submit() and stop() belongs to the thread that calls run().
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until stop(). Tasks still posted then are not run; buried ones are freed.
  void run();
  /// From any thread.
  void stop();
  /// From any thread: runs `call` on the loop's thread, in order. Wakes the loop; not for hot
  /// paths.
  void submit(std::function<void()> call);

  /// The time at which the current dispatch began; constant within a turn.
  Instant now() const { return now_; }
  /// Wall time of now(), for logs.
  WallTime wall_now() const;

  /// Gives `task` a turn soon; no effect if it is waiting for one already.
  void post(Task& task);
  /// Frees `task` when the current dispatch is over. It gets no further turn.
  void bury(std::unique_ptr<Task> task);

  DeadlineHeap& deadlines() { return deadlines_; }

  struct Impl;  // of the implementation; see io/loop.cc
  Impl& impl() { return *impl_; }

 private:
  DeadlineHeap deadlines_;
  Instant now_{};
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport
