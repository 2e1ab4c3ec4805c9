// What may go wrong in one run of the simulated network, and how often.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "tests/sim/random.h"

namespace sallyport::sim {

/// Chances are per thousand. Faults strike the ends that the code under test holds; the peers are
/// as unruly as their scripts say. About half of all faults are absent in any one run: a fault
/// that is always there hides bugs (a spurious edge repairs a lost one).
struct Faults {
  uint32_t partial_read = 0;    // fewer bytes than there are; an edge follows
  uint32_t partial_write = 0;   // fewer bytes than fit; an edge follows
  uint32_t blocked_read = 0;    // Blocked though bytes are there; an edge follows
  uint32_t blocked_write = 0;   // Blocked though there is room; an edge follows
  uint32_t spurious_edge = 0;   // after a call: an edge later, whether or not anything changed
  uint32_t full_edge = 0;       // an edge tells all that is true, as epoll does, not only the news
  uint32_t late_loop = 0;       // the loop wakes late, and finds several edges at once
  uint32_t late_timer = 0;      // a deadline is looked at late
  uint32_t late_fin = 0;        // FIN comes well after the last data
  uint32_t reset = 0;           // per connection: something on the way cuts it at some moment
  uint32_t connect_fails = 0;   // per connect: fails at once (no descriptors, no route)
  uint32_t connect_late = 0;    // per connect: takes seconds
  uint32_t pipe_refused = 0;    // per borrow
  uint32_t short_splice = 0;    // fewer bytes than could move
  bool reset_drops_unread = false;  // a RST takes what was not read yet with it (Linux keeps it)

  Micros latency_least{0};      // one way
  Micros latency_most{0};
  Micros lateness_most{0};      // of everything above that is late
  size_t segment_least = 1;     // bytes that arrive together, where there are as many
  size_t segment_most = 1;
  size_t send_buffer = 1;       // bytes that a writer gets rid of before its bytes arrive
  size_t receive_buffer = 1;    // bytes that wait for a reader
  size_t pipe_bytes = 1;        // that fit in a pipe

  /// No fault at all: small latency, large buffers.
  static Faults none();
  /// Of one run. Everything is drawn: also how bad the run is.
  static Faults draw(Random& random);
};

}  // namespace sallyport::sim
