// A task is what takes turns on a loop: a session, a listener, a resolver.
#pragma once

#include "dataplane/base/list.h"

namespace sallyport {

struct RunQueue;

/// Events record, turns act: sockets and deadlines only note what happened and post their task;
/// the loop then gives each posted task one turn, in the order of posting. So a task is never
/// re-entered and two events of one dispatch cost one turn.
class Task : public ListLink<RunQueue> {
 public:
  virtual ~Task() = default;

  /// Called by the loop, on its thread. May post itself again, and may call Loop::bury for itself.
  virtual void turn() = 0;
};

}  // namespace sallyport
