#include "dataplane/io/deadline.h"

#include "dataplane/base/check.h"

namespace sallyport {

void Deadline::arm(Instant when) {
  expired_ = false;
  when_ = when;
  if (!armed()) {
    queued_ = when;
    heap_.insert(*this);
  } else if (when < queued_) {
    queued_ = when;
    heap_.rise(slot_);
  }
}

void Deadline::disarm() {
  expired_ = false;
  if (armed()) heap_.remove(*this);
}

void DeadlineHeap::insert(Deadline& d) {
  DCHECK(!d.armed());
  heap_.push_back(&d);
  place(heap_.size() - 1, &d);
  rise(d.slot_);
}

void DeadlineHeap::remove(Deadline& d) {
  size_t slot = d.slot_;
  DCHECK(slot < heap_.size() && heap_[slot] == &d);
  Deadline* last = heap_.back();
  heap_.pop_back();
  d.slot_ = Deadline::kNowhere;
  if (last == &d) return;
  // The last one fills the gap. It comes from another branch perhaps, so either way is possible.
  place(slot, last);
  rise(slot);
  sink(last->slot_);
}

void DeadlineHeap::rise(size_t slot) {
  Deadline* d = heap_[slot];
  while (slot > 0) {
    size_t parent = (slot - 1) / 2;
    if (heap_[parent]->queued_ <= d->queued_) break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, d);
}

void DeadlineHeap::sink(size_t slot) {
  Deadline* d = heap_[slot];
  for (;;) {
    size_t child = 2 * slot + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->queued_ < heap_[child]->queued_) ++child;
    if (d->queued_ <= heap_[child]->queued_) break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, d);
}

void DeadlineHeap::place(size_t slot, Deadline* d) {
  heap_[slot] = d;
  d->slot_ = slot;
}

}  // namespace sallyport
