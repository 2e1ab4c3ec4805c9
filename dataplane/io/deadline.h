// Deadlines: at most one per task, kept in one heap per loop.
#pragma once

#include <cstddef>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/io/task.h"

namespace sallyport {

class DeadlineHeap;

/// When it passes, expired() becomes true and the task is posted. Moving a deadline to a later
/// time, which every byte relayed does, writes one field: the heap catches up when the earlier
/// time comes. Destroying it disarms it.
/// Thread: the heap's loop.
class Deadline {
 public:
  /// REQUIRES: `heap` outlives this, and `task` too.
  Deadline(DeadlineHeap& heap, Task& task) : heap_(heap), task_(task) {}
  ~Deadline() { disarm(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void arm(Instant when);
  void disarm();
  bool armed() const { return slot_ != kNowhere; }
  bool expired() const { return expired_; }

 private:
  friend class DeadlineHeap;
  static constexpr size_t kNowhere = static_cast<size_t>(-1);

  DeadlineHeap& heap_;
  Task& task_;
  Instant when_{};       // what was asked for
  Instant queued_{};     // what the heap is sorted by; never later than when_
  size_t slot_ = kNowhere;
  bool expired_ = false;
};

/// A binary heap of armed deadlines; the loop, real or simulated, drives it.
class DeadlineHeap {
 public:
  bool empty() const { return heap_.empty(); }
  /// REQUIRES: !empty(). The earliest time at which expire() could have something to do.
  Instant next() const { return heap_.front()->queued_; }
  /// Marks and gives to `post` the task of each deadline that has passed at `now`.
  template <class Post>
  void expire(Instant now, Post&& post) {
    while (!heap_.empty() && heap_.front()->queued_ <= now) {
      Deadline& first = *heap_.front();
      if (first.when_ > now) {  // moved to later since it was queued
        first.queued_ = first.when_;
        sink(0);
        continue;
      }
      remove(first);
      first.expired_ = true;
      post(first.task_);
    }
  }

 private:
  friend class Deadline;
  void insert(Deadline& d);
  void remove(Deadline& d);
  void rise(size_t slot);
  void sink(size_t slot);
  void place(size_t slot, Deadline* d);

  std::vector<Deadline*> heap_;
};

}  // namespace sallyport
