#include "tests/sim/connection.h"

#include <errno.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "tests/sim/sim_network.h"

namespace sallyport::sim {

bool End::strikes(uint32_t per_mille) const {
  return faulty() && network_.random().chance(per_mille);
}

size_t End::room() const {
  size_t limit = network_.faults().send_buffer;
  return limit - std::min(limit, out_->sent.size());
}

/// The level: what epoll would find when it looked now.
Edge End::state() const {
  if (connecting_) return {};
  if (dead_ || (in_->fin_arrived && write_shut_)) return {true, true, true};
  return {in_->fin_arrived || !in_->arrived.empty(), room() > 0, in_->fin_arrived};
}

void End::notify(Edge news) {
  if (!held_) return;
  if (descriptor_ >= 0) {
    if (!watched_) return;  // told by watch()
    news_ = news_ | news;
    network_.look_at(*this);
  } else if (observer_ && !wake_scheduled_) {
    wake_scheduled_ = true;
    network_.after(Micros(0), [this] {
      wake_scheduled_ = false;
      if (held_) observer_->on_wake();
    });
  }
}

void End::remind(Edge news) {
  network_.after(network_.lateness(), [this, news] { notify(news); });
}

void End::maybe_spurious() {
  if (!strikes(network_.faults().spurious_edge)) return;
  network_.after(network_.lateness(), [this] {
    if (!held_ || !watched_ || connecting_) return;
    spurious_ = {true, true, false};
    network_.look_at(*this);
  });
}

void End::set_observer(Observer& observer) {
  observer_ = &observer;
  notify({true, true, false});
}

void End::watch() {
  watched_ = true;
  notify(state());
}

Edge End::collect_news() {
  Edge now = state();
  Edge told = news_ & now;
  if (told.any() && network_.random().chance(network_.faults().full_edge)) told = now;
  told = told | std::exchange(spurious_, Edge{});
  news_ = {};
  // The real loop takes an end for something to read, so that reading finds it.
  told.readable |= told.ended;
  return told;
}

IoResult End::read(MutableBytes into) { return take(into, Calls::Copy); }

IoResult End::write(Bytes from, bool more) { return give(from, Calls::Copy, more); }

void End::push() {
  CHECK(held_);
  if (out_->held_back == 0) return;
  let_held_back_go();
  connection_.move(*out_, network_.latency());
}

void End::let_held_back_go() {
  // What pushes may be late twice: its timer, and the loop that serves it.
  Micros most = Millis(50) + 2 * network_.faults().lateness_most;
  if (out_->held_back > 0 && network_.now() - out_->held_since > most) {
    network_.break_off("bytes were held back and forgotten");
  }
  out_->held_back = 0;
}

IoResult End::take(MutableBytes into, Calls calls) {
  CHECK(held_ && !into.empty());
  ByteQueue& arrived = in_->arrived;
  if (arrived.empty()) {
    if (in_->fin_arrived) return {Io::End};
    if (error_ != 0) return {Io::Failed, 0, std::exchange(error_, 0)};
    return {dead_ ? Io::End : Io::Blocked};
  }
  maybe_spurious();
  const Faults& faults = network_.faults();
  // A kernel that knows of the end does not say that it has nothing.
  if (!state().ended && strikes(faults.blocked_read)) {
    remind({true, false, false});
    return {Io::Blocked};
  }
  size_t n = std::min(into.size(), arrived.size());
  if (calls == Calls::Copy && n > 1 && strikes(faults.partial_read)) {
    n = network_.random().size_between(1, n - 1);
    // A short read tells the reader to wait for an edge; for what is left one has to come.
    remind({true, false, false});
  }
  arrived.take(into.first(n));
  in_->taken += n;
  network_.trace("read", connection_.number(), n);
  made_room();
  return {Io::Ok, n};
}

IoResult End::give(Bytes from, Calls calls, bool more) {
  CHECK(held_ && !from.empty());
  if (connecting_) return {Io::Blocked};
  if (dead_ || write_shut_) {
    int error = std::exchange(error_, 0);
    return {Io::Failed, 0, error != 0 ? error : EPIPE};
  }
  maybe_spurious();
  const Faults& faults = network_.faults();
  size_t n = std::min(from.size(), room());
  bool blocked = strikes(faults.blocked_write);
  if (n == 0 || blocked) {
    wants_room_ = true;
    if (n > 0) remind({false, true, false});
    return {Io::Blocked};
  }
  if (calls == Calls::Copy && n > 1 && strikes(faults.partial_write)) {
    n = network_.random().size_between(1, n - 1);
    remind({false, true, false});
  }
  if (n < from.size()) wants_room_ = true;
  out_->sent.append(from.first(n));
  let_held_back_go();
  if (more && n == from.size()) {
    out_->held_back = network_.random().size_between(1, n);
    out_->held_since = network_.now();
  }
  out_->order.wrote(n, network_.next_write());
  network_.trace("write", connection_.number(), n);
  connection_.move(*out_, network_.latency());
  return {Io::Ok, n};
}

IoResult End::splice_into(ByteQueue& pipe, size_t most) {
  size_t n = std::min({most, in_->arrived.size(), network_.faults().pipe_bytes});
  if (n > 1 && strikes(network_.faults().short_splice)) n = network_.random().size_between(1, n);
  // Unlike a read, a splice may move less than asked with more to be had: a pipe's slots run out
  // before its bytes. Its result does not tell the caller to wait, so no edge follows.
  std::vector<uint8_t> bytes(std::max<size_t>(n, 1));
  IoResult r = take(bytes, Calls::Splice);
  if (r.kind == Io::Ok) pipe.append(Bytes(bytes).first(r.bytes));
  return r;
}

IoResult End::splice_from(ByteQueue& pipe) {
  Bytes from = pipe.view();
  if (from.size() > 1 && strikes(network_.faults().short_splice)) {
    from = from.first(network_.random().size_between(1, from.size()));
  }
  IoResult r = give(from, Calls::Splice);
  if (r.kind == Io::Ok) pipe.drop(r.bytes);
  return r;
}

void End::made_room() {
  if (!in_->full) return;
  in_->full = false;
  connection_.move(*in_, network_.latency());  // the window update has to travel, too
}

void End::shutdown_write() {
  CHECK(held_);
  if (connecting_ || dead_ || write_shut_) return;
  write_shut_ = true;
  out_->fin_sent = true;
  let_held_back_go();
  network_.trace("shutdown", connection_.number(), 0);
  connection_.move(*out_, network_.latency());
  if (strikes(network_.faults().full_edge)) notify(state());  // Linux wakes its own caller here
}

void End::let_go() {
  held_ = false;
  watched_ = false;
  observer_ = nullptr;
  in_->arrived.clear();
}

void End::close() {
  CHECK(held_);
  if (!in_->arrived.empty() || connecting_) return reset();
  network_.trace("close", connection_.number(), 0);
  let_go();
  if (dead_ || write_shut_) return;
  write_shut_ = true;
  out_->fin_sent = true;
  let_held_back_go();
  connection_.move(*out_, network_.latency());
}

void End::reset() {
  CHECK(held_);
  network_.trace("reset", connection_.number(), 0);
  let_go();
  if (dead_) return;
  dead_ = true;
  if (network_.random().coin()) {
    out_->sent.clear();
  } else {
    connection_.land(*out_);
  }
  connection_.send_reset(*out_->reader);
}

int End::take_error() { return std::exchange(error_, 0); }

void End::connected() {
  if (dead_) return;
  connecting_ = false;
  network_.trace("connected", connection_.number(), 0);
  notify({false, true, false});
}

void End::die(int error) {
  if (dead_ || connection_.ended_by_both()) return;
  network_.trace("die", connection_.number(), static_cast<uint64_t>(error));
  dead_ = true;
  connecting_ = false;
  error_ = error;
  out_->sent.clear();
  in_->sent.clear();
  if (network_.faults().reset_drops_unread && !in_->fin_arrived) in_->arrived.clear();
  notify({true, true, true});
}

Connection::Connection(Network& network, uint64_t number)
    : network_(network), number_(number), caller_(*this, network), callee_(*this, network) {
  there_.writer = back_.reader = &caller_;
  there_.reader = back_.writer = &callee_;
  caller_.out_ = callee_.in_ = &there_;
  caller_.in_ = callee_.out_ = &back_;
}

void Connection::move(Direction& d, Micros delay) {
  if (d.moving || d.full) return;
  d.moving = true;
  d.not_before = std::max(d.not_before, network_.now() + delay);
  network_.at(d.not_before, [this, &d] {
    d.moving = false;
    arrive(d);
  });
}

void Connection::arrive(Direction& d) {
  if (severed_ || d.reader->dead_ || d.writer->dead_) return;
  if (!d.reader->held_) {
    if (!d.sent.empty()) {  // to an end that is closed: it cannot take them, nor say so otherwise
      d.reader->dead_ = true;
      d.reader->out_->sent.clear();
      send_reset(*d.writer);
    } else {
      d.fin_arrived = d.fin_sent;
    }
    return;
  }
  size_t limit = network_.faults().receive_buffer;
  size_t room = limit - std::min(limit, d.arrived.size());
  size_t segment = network_.random().size_between(network_.faults().segment_least,
                                                  network_.faults().segment_most);
  size_t ready = d.sent.size() - std::min(d.held_back, d.sent.size());
  size_t n = std::min({ready, room, segment});
  if (n > 0) {
    d.arrived.take_from(d.sent, n);
    network_.trace("arrive", number_, n);
    d.reader->notify({true, false, false});
    End& writer = *d.writer;
    // Linux tells a writer of room once a third of the buffer is free.
    if (writer.wants_room_ && writer.room() * 3 >= network_.faults().send_buffer) {
      writer.wants_room_ = false;
      writer.notify({false, true, false});
    }
  }
  if (n < ready) {
    d.full = d.arrived.size() >= limit;
    move(d, network_.latency() / 8);
  } else if (d.fin_sent && d.sent.empty()) {
    send_fin(d);
  }
}

void Connection::land(Direction& d) {
  d.not_before = std::max(d.not_before, network_.now() + network_.latency());
  network_.at(d.not_before, [this, &d] {
    if (severed_ || d.reader->dead_ || !d.reader->held_) return;
    size_t limit = network_.faults().receive_buffer;
    size_t room = limit - std::min(limit, d.arrived.size());
    d.arrived.take_from(d.sent, std::min(d.sent.size(), room));
    d.fin_arrived |= d.fin_sent && d.sent.empty();
    d.sent.clear();
    network_.trace("land", number_, d.arrived.size());
    d.reader->notify({true, false, d.fin_arrived});
  });
}

void Connection::send_fin(Direction& d) {
  if (std::exchange(d.fin_on_its_way, true)) return;
  bool late = network_.random().chance(network_.faults().late_fin);
  d.not_before = network_.now() + (late ? network_.lateness() : Micros(0));
  network_.at(d.not_before, [this, &d] {
    if (severed_ || d.reader->dead_ || d.writer->dead_ || d.fin_arrived) return;
    d.fin_arrived = true;
    network_.trace("fin", number_, 0);
    d.reader->notify({true, false, true});
  });
}

void Connection::send_reset(End& to) {
  Instant when = std::max(network_.now(), to.in_->not_before) + network_.latency();
  network_.at(when, [&to] {
    // Linux: tcp_reset. CLOSE_WAIT, where the peer had said that it was done, gives EPIPE.
    bool close_wait = to.in_->fin_arrived && !to.write_shut_;
    to.die(to.connecting_ ? ECONNREFUSED : close_wait ? EPIPE : ECONNRESET);
  });
}

void Connection::cut() {
  if (severed_ || caller_.dead_ || callee_.dead_) return;
  severed_ = true;
  send_reset(caller_);
  send_reset(callee_);
}

}  // namespace sallyport::sim
