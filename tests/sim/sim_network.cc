#include "tests/sim/sim_network.h"

#include <errno.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

Network* the_network = nullptr;

// Descriptors begin where no real one is: a call that bypasses the seam fails instead of closing
// something of the test's own.
constexpr int kFirstDescriptor = 1'000'000;

constexpr Instant kBegin{std::chrono::hours(1)};
// A run that is not over by then is stuck. Idle deadlines are minutes, scripts end in hours.
constexpr Instant kEnd = kBegin + std::chrono::hours(48);
constexpr uint64_t kMostEvents = 20'000'000;
constexpr uint64_t kMostIdleWork = 100'000;
// What Linux waits for an answer to SYN, with tcp_syn_retries at 6.
constexpr Micros kSynTimeout = std::chrono::seconds(127);

}  // namespace

Network::Network(uint64_t seed) : Network(seed, Faults::none()) { faults_ = Faults::draw(random_); }

Network::Network(uint64_t seed, const Faults& faults)
    : seed_(seed), random_(seed), faults_(faults), now_(kBegin) {
  CHECK(the_network == nullptr);
  the_network = this;
}

Network::~Network() { the_network = nullptr; }

Network& Network::current() {
  CHECK(the_network != nullptr);
  return *the_network;
}

Network::Listening& Network::listening(const Address& at) {
  for (Listening& l : listening_) {
    if (l.at == at) return l;
  }
  listening_.emplace_back().at = at;
  return listening_.back();
}

void Network::listen(const Address& at, std::function<void(End&)> on_connection) {
  Listening& l = listening(at);
  l.answer = Answer::Peer;
  l.on_connection = std::move(on_connection);
}

void Network::listen_for_loop(const Address& at,
                              std::function<void(int, const Address&)> on_accept) {
  Listening& l = listening(at);
  l.answer = Answer::Loop;
  l.on_accept = std::move(on_accept);
}

void Network::blackhole(const Address& at) { listening(at).answer = Answer::Silence; }

void Network::refuse(const Address& at) { listening(at).answer = Answer::Refuse; }

Connection& Network::new_connection(const Address& from, const Address& to) {
  connections_.push_back(std::make_unique<Connection>(*this, connections_.size()));
  Connection& c = *connections_.back();
  c.caller_.local_ = c.callee_.remote_ = from;
  c.caller_.remote_ = c.callee_.local_ = to;
  c.caller_.held_ = true;
  c.caller_.connecting_ = true;
  Micros delay = latency();
  if (random_.chance(faults_.connect_late)) delay += random_.micros(Micros(0), Seconds(10));
  after(delay, [this, &c] { syn_arrives(c); });
  return c;
}

End& Network::call(const Address& from, const Address& to, Observer& observer) {
  End& end = new_connection(from, to).caller_;
  end.observer_ = &observer;
  return end;
}

int Network::connect(const Address& to) {
  if (random_.chance(faults_.connect_fails)) return random_.coin() ? -EMFILE : -ENETUNREACH;
  uint8_t own[16] = {0xfd, 15};
  own[15] = 1;
  Address from = to.is_v4() ? Address::v4(0x0a090001, next_port_) : Address::v6(own, next_port_);
  ++next_port_;
  End& end = new_connection(from, to).caller_;
  end.set_descriptor(open_descriptor());
  at_descriptor(end.descriptor()).end = &end;
  return end.descriptor();
}

void Network::syn_arrives(Connection& c) {
  if (c.caller_.dead_) return;
  switch (listening(c.callee_.local_).answer) {
    case Answer::Refuse:
      c.send_reset(c.caller_);
      return;
    case Answer::Silence:
      after(kSynTimeout, [&c] { c.caller_.die(ETIMEDOUT); });
      return;
    case Answer::Peer:
    case Answer::Loop:
      establish(c);
      return;
  }
}

void Network::establish(Connection& c) {
  c.callee_.held_ = true;
  // Nothing that the callee sends may overtake the answer to SYN.
  c.back_.not_before = now_ + latency();
  at(c.back_.not_before, [&c] { c.caller_.connected(); });
  Listening& l = listening(c.callee_.local_);
  if (l.answer == Answer::Peer) {
    l.on_connection(c.callee_);
  } else {
    int descriptor = open_descriptor();
    c.callee_.set_descriptor(descriptor);
    at_descriptor(descriptor).end = &c.callee_;
    accepts_.push_back(
        [call = l.on_accept, descriptor, from = c.caller_.local_] { call(descriptor, from); });
  }
  if (random_.chance(faults_.reset)) {
    after(Micros(static_cast<int64_t>(random_.magnitude(0, 10'000'000))), [&c] { c.cut(); });
  }
}

void Network::at(Instant when, std::function<void()> call) {
  DCHECK(when >= now_);
  events_.push_back({when, sequence_++, std::move(call)});
  std::push_heap(events_.begin(), events_.end(), later);
}

void Network::run_next_event() {
  std::pop_heap(events_.begin(), events_.end(), later);
  Event event = std::move(events_.back());
  events_.pop_back();
  now_ = event.when;
  if (++events_run_ > kMostEvents) break_off("too many events");
  if (now_ > kEnd) break_off("too much time");
  idle_work_ = 0;
  event.call();
}

bool Network::sleep(Instant until) {
  while (news_.empty() && accepts_.empty() && !std::exchange(woken_, false)) {
    if (!broken_off_.empty()) return false;
    if (events_.empty() || events_.front().when > until) {
      if (until == Instant::max()) return false;
      if (until <= now_) return work(Micros(0));
      now_ = until;
      return true;
    }
    run_next_event();
  }
  return !random_.chance(faults_.late_loop) || work(lateness());
}

bool Network::work(Micros duration) {
  if (++idle_work_ > kMostIdleWork) break_off("the loop spins");
  Instant until = now_ + duration;
  while (broken_off_.empty() && !events_.empty() && events_.front().when <= until) {
    run_next_event();
  }
  now_ = std::max(now_, until);
  return broken_off_.empty();
}

void Network::break_off(std::string why) {
  if (broken_off_.empty()) broken_off_ = std::move(why);
}

void Network::look_at(End& end) {
  if (end.queued_) return;
  end.queued_ = true;
  news_.push_back(&end);
}

std::vector<std::pair<int, Edge>> Network::collect_edges() {
  std::vector<std::pair<int, Edge>> edges;
  for (End* end : std::exchange(news_, {})) {
    end->queued_ = false;
    if (!end->held_) continue;
    if (Edge told = end->collect_news(); told.any()) edges.emplace_back(end->descriptor(), told);
  }
  for (size_t i = edges.size(); i > 1; --i) std::swap(edges[i - 1], edges[random_.below(i)]);
  for (const auto& [descriptor, told] : edges) {
    trace("edge", slot_of(descriptor), told.readable * 4u + told.writable * 2u + told.ended);
  }
  return edges;
}

size_t Network::slot_of(int descriptor) {
  CHECK(descriptor >= kFirstDescriptor);
  return static_cast<size_t>(descriptor - kFirstDescriptor);
}

int Network::open_descriptor() {
  // The lowest that is free, as the kernel does: numbers come back soon, and stale ones hurt.
  size_t slot = 0;
  while (slot < descriptors_.size() && descriptors_[slot].open) ++slot;
  if (slot == descriptors_.size()) descriptors_.emplace_back();
  descriptors_[slot].open = true;
  return kFirstDescriptor + static_cast<int>(slot);
}

Network::Descriptor& Network::at_descriptor(int descriptor) {
  size_t slot = slot_of(descriptor);
  CHECK(slot < descriptors_.size() && descriptors_[slot].open);
  return descriptors_[slot];
}

End& Network::end(int descriptor) {
  Descriptor& d = at_descriptor(descriptor);
  CHECK(d.end != nullptr);
  return *d.end;
}

void Network::close(int descriptor, bool reset) {
  End& e = end(descriptor);
  reset ? e.reset() : e.close();
  at_descriptor(descriptor) = {};
}

bool Network::make_pipe(int& read_end, int& write_end) {
  if (random_.chance(faults_.pipe_refused)) return false;
  read_end = open_descriptor();
  at_descriptor(read_end).bytes = std::make_unique<ByteQueue>();
  write_end = open_descriptor();
  return true;
}

ByteQueue& Network::pipe(int read_end) {
  Descriptor& d = at_descriptor(read_end);
  CHECK(d.bytes != nullptr);
  return *d.bytes;
}

void Network::close_pipe(int read_end, int write_end) {
  at_descriptor(read_end) = {};
  at_descriptor(write_end) = {};
}

void Network::trace(std::string_view what, uint64_t where, uint64_t how_much) {
  auto mix = [&](uint64_t value) {
    trace_hash_ = (trace_hash_ ^ value) * 0x100000001b3u;  // FNV-1a, in words
    trace_hash_ ^= trace_hash_ >> 31;
  };
  for (char c : what) mix(static_cast<uint64_t>(c));
  mix(static_cast<uint64_t>(now_.time_since_epoch().count()));
  mix(where);
  mix(how_much);
}

std::vector<std::string> Network::problems() const {
  std::vector<std::string> found;
  if (!broken_off_.empty()) found.push_back("the run was broken off: " + broken_off_);
  for (size_t slot = 0; slot < descriptors_.size(); ++slot) {
    const Descriptor& d = descriptors_[slot];
    if (!d.open) continue;
    found.push_back("descriptor " + std::to_string(slot) + " is open" +
                    (d.end ? ": " + d.end->local().text() + " to " + d.end->remote().text()
                           : std::string(": a pipe")));
  }
  for (const auto& c : connections_) {
    for (const End* end : {&c->caller_, &c->callee_}) {
      if (end->held_ && end->descriptor_ < 0) {
        found.push_back("a peer still holds " + end->local_.text() + " to " + end->remote_.text());
      }
    }
  }
  if (!events_.empty()) found.push_back(std::to_string(events_.size()) + " events are left");
  if (!accepts_.empty()) found.push_back("connections are not accepted");
  return found;
}

}  // namespace sallyport::sim
