#include "tests/sim/faults.h"

namespace sallyport::sim {

Faults Faults::none() {
  Faults f;
  f.latency_least = f.latency_most = Micros(50);
  f.segment_most = 64 * 1024;
  f.send_buffer = f.receive_buffer = f.pipe_bytes = 256 * 1024;
  return f;
}

Faults Faults::draw(Random& random) {
  auto sometimes = [&](uint32_t most) {
    return random.coin() ? static_cast<uint32_t>(random.between(1, most)) : 0;
  };
  Faults f;
  f.partial_read = sometimes(500);
  f.partial_write = sometimes(500);
  f.blocked_read = sometimes(300);
  f.blocked_write = sometimes(300);
  f.spurious_edge = sometimes(50);
  f.full_edge = random.coin() ? 1000 : sometimes(1000);
  f.late_loop = sometimes(300);
  f.late_timer = sometimes(300);
  f.late_fin = sometimes(700);
  f.reset = sometimes(200);
  f.connect_fails = sometimes(100);
  f.connect_late = sometimes(100);
  f.pipe_refused = sometimes(700);
  f.short_splice = sometimes(500);
  f.reset_drops_unread = random.coin();

  f.latency_least = Micros(static_cast<int64_t>(random.magnitude(0, 20'000)));
  f.latency_most = f.latency_least + Micros(static_cast<int64_t>(random.magnitude(0, 20'000)));
  f.lateness_most = Micros(static_cast<int64_t>(random.magnitude(1, 200'000)));
  // A third of the runs has room for bulk, which moves in other ways than drops do.
  bool bulk = random.below(3) == 0;
  f.segment_most = bulk ? 64 * 1024 : random.magnitude(64, 64 * 1024);
  f.send_buffer = bulk ? 256 * 1024 : random.magnitude(256, 256 * 1024);
  f.receive_buffer = bulk ? 256 * 1024 : random.magnitude(256, 256 * 1024);
  f.pipe_bytes = random.magnitude(64, 256 * 1024);
  return f;
}

}  // namespace sallyport::sim
