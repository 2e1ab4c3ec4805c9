#include "tests/sim/http_peer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

std::string pattern(uint64_t stream, uint64_t from, size_t size) {
  std::string made(size, '\0');
  for (size_t i = 0; i < size; ++i) made[i] = static_cast<char>(Pattern::at(stream, from + i));
  return made;
}

std::string hex(uint64_t number, bool capitals) {
  const char* digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string text;
  for (; number > 0; number /= 16) text.insert(text.begin(), digits[number % 16]);
  return text;
}

/// Every spelling that the grammar has for a chunk's size line.
std::string size_line(Random& random, size_t size) {
  constexpr std::array kExtensions{"", "", "", ";a=b", ";name", ";q=\"a \\\" \t;b\""};
  std::string digits = hex(size, random.coin());
  if (random.below(8) == 0) digits.insert(0, random.size_between(1, 8), '0');
  return digits + kExtensions[random.below(kExtensions.size())] + "\r\n";
}

}  // namespace

Habits Habits::draw(Random& random, const Faults& faults, bool polite) {
  Script script = Script::draw_polite(random, faults);
  Habits h;
  h.write_most = static_cast<size_t>(random.magnitude(1, 64 * 1024));
  // A byte at a time is for short messages: a run has to end some day.
  if (random.coin()) h.write_most = std::max<size_t>(h.write_most, 512);
  h.pause = script.pause;
  h.pause_most = script.pause_most;
  h.stops_reading_at = script.stops_reading_at;
  h.stops_reading_for = script.stops_reading_for;
  h.patience = std::chrono::hours(10);  // a network may take little at a time
  if (!polite && random.below(4) == 0) {
    h.patience = Micros(static_cast<int64_t>(random.magnitude(1'000, 60'000'000)));
  }
  // So long that somebody's time is over meanwhile.
  if (!polite && random.coin()) h.stops_reading_for *= 50;
  return h;
}

HttpPeer::HttpPeer(Network& network, HttpLedger& ledger, const Habits& habits,
                   MakeChannel make_channel)
    : network_(network),
      ledger_(ledger),
      random_(network.random().fork()),
      reader_(*this),
      habits_(habits),
      make_channel_(std::move(make_channel)) {}

void HttpPeer::begin(End& end) {
  channel_ = make_channel_(end, *this);
  network_.after(habits_.patience, [this] {
    if (!done_) cut();
  });
}

void HttpPeer::say(std::string bytes) {
  if (!bytes.empty()) list_.push_back({Item::Kind::Bytes, std::move(bytes)});
}

void HttpPeer::pause(Micros most) {
  Item item{Item::Kind::Pause};
  item.pause = random_.micros(Micros(0), most);
  list_.push_back(std::move(item));
}

void HttpPeer::wait_until(std::function<bool()> reached) {
  Item item{Item::Kind::Wait};
  item.reached = std::move(reached);
  list_.push_back(std::move(item));
}

void HttpPeer::then(std::function<void()> call) {
  Item item{Item::Kind::Call};
  item.call = std::move(call);
  list_.push_back(std::move(item));
}

void HttpPeer::say_end() { list_.push_back({Item::Kind::End}); }

void HttpPeer::say_cut() { list_.push_back({Item::Kind::Cut}); }

void HttpPeer::say_body(uint64_t stream, const HttpBody& body, uint64_t from, uint64_t to,
                        uint64_t& sent, const std::string& trailers) {
  bool chunked = body.framing == HttpBody::Framing::Chunked;
  uint64_t least = body.length / 100 + 1;
  uint64_t most_at_once = random_.magnitude(least, std::max<uint64_t>(64 * 1024, least));
  for (uint64_t at = from; at < to;) {
    size_t n = static_cast<size_t>(std::min(random_.between(1, most_at_once), to - at));
    then([&sent, upto = at + n] { sent = upto; });
    std::string piece = pattern(stream, at, n);
    if (chunked) piece = size_line(random_, n) + piece + "\r\n";
    say(std::move(piece));
    at += n;
  }
  if (chunked && to == body.length) say("0\r\n" + trailers + "\r\n");
}

std::string HttpPeer::body_text(uint64_t stream, const HttpBody& body) {
  std::string bytes = pattern(stream, 0, static_cast<size_t>(body.length));
  if (body.framing != HttpBody::Framing::Chunked) return bytes;
  std::string end = "0\r\n\r\n";
  if (bytes.empty()) return end;
  return hex(body.length, false) + "\r\n" + bytes + "\r\n" + end;
}

void HttpPeer::say_tunnel(TunnelSide& side, bool patient, bool cuts) {
  HttpBody raw{HttpBody::Framing::UntilClose, side.length};
  say_body(side.stream, raw, 0, side.length, side.sent);
  if (cuts) return say_cut();
  if (patient) wait_until([this] { return ended_ != Account::End::None; });
  say_end();
  then([&side] { side.finished = true; });
  wait_until([this] { return ended_ != Account::End::None; });
  then([this] { leave(); });
}

void HttpPeer::check_tunnel(TunnelSide& side, const TunnelSide& other, Bytes bytes) {
  for (uint8_t byte : bytes) {
    if (byte != Pattern::at(other.stream, side.received++)) {
      ledger_.problem("wrong bytes in a tunnel");
      return;
    }
  }
  if (side.received > other.sent) ledger_.problem("a tunnel gave more than went in");
}

void HttpPeer::cut_somewhere() {
  size_t at = random_.below(list_.size() + 1);
  list_.insert(list_.begin() + static_cast<std::ptrdiff_t>(at), {Item::Kind::Cut});
  if (at == 0) return;
  // Amid a message as well as between two.
  Item& before = list_[at - 1];
  if (before.kind == Item::Kind::Bytes && random_.coin()) {
    before.bytes.resize(random_.size_between(1, before.bytes.size()));
  }
}

void HttpPeer::wake_after(Micros delay) {
  network_.after(delay, [this] { on_wake(); });
}

void HttpPeer::on_wake() {
  if (done_ || !channel_) return;
  receive();
  if (!done_) send();
}

void HttpPeer::receive() {
  std::array<uint8_t, 16 * 1024> buffer;
  while (!reading_paused_ && ended_ == Account::End::None) {
    size_t most = random_.size_between(1, buffer.size());
    Channel::Taken r = channel_->read(MutableBytes(buffer).first(most));
    switch (r.got) {
      case Channel::Got::Nothing: return;
      case Channel::Got::Cut:
      case Channel::Got::End:
        ended_ = r.got == Channel::Got::End ? Account::End::Clean : Account::End::Cut;
        on_end(ended_);
        if (!done_ && ended_ == Account::End::Cut) leave();
        return;
      case Channel::Got::Bytes:
        received_ += r.bytes;
        sent_ = r.sent;
        if (on_bytes()) reader_.feed(Bytes(buffer).first(r.bytes));
        if (done_) return;
        break;
    }
    if (rested_ || habits_.stops_reading_at == 0 || received_ < habits_.stops_reading_at) continue;
    rested_ = reading_paused_ = true;
    network_.after(habits_.stops_reading_for, [this] {
      reading_paused_ = false;
      if (done_) return;
      on_rested();
      on_wake();
    });
  }
}

void HttpPeer::send() {
  while (!done_ && !writing_paused_ && !list_.empty()) {
    if (!send_first()) break;
  }
  if (done_ || !channel_->broken()) return;
  receive();  // what had arrived before it broke
  if (!done_ && ended_ != Account::End::None) leave();
}

// False: not now.
bool HttpPeer::send_first() {
  Item& item = list_.front();
  switch (item.kind) {
    case Item::Kind::Bytes: {
      size_t left = item.bytes.size() - item.taken;
      size_t n = std::min(random_.size_between(1, habits_.write_most), left);
      if (habits_.whole_writes) n = left;
      size_t taken = channel_->write(as_bytes(item.bytes).subspan(item.taken, n));
      if (taken == 0) return false;
      item.taken += taken;
      if (item.taken == item.bytes.size()) {
        list_.pop_front();
        // What this was the last of is known at once.
        while (!done_ && !list_.empty() && list_.front().kind == Item::Kind::Call) send_first();
      }
      if (random_.chance(habits_.pause)) hold_on(random_.micros(Micros(0), habits_.pause_most));
      return true;
    }
    case Item::Kind::Pause: {
      Micros pause = item.pause;
      list_.pop_front();
      hold_on(pause);
      return true;
    }
    case Item::Kind::Wait:
      if (!item.reached()) return false;
      list_.pop_front();
      return true;
    case Item::Kind::Call: {
      std::function<void()> call = std::move(item.call);
      list_.pop_front();
      call();
      return true;
    }
    case Item::Kind::End:
      if (!channel_->finish()) return false;
      list_.pop_front();
      return true;
    case Item::Kind::Cut:
      cut();
      return false;
  }
  return false;
}

void HttpPeer::hold_on(Micros delay) {
  writing_paused_ = true;
  network_.after(delay, [this] {
    writing_paused_ = false;
    on_wake();
  });
}

void HttpPeer::leave() {
  if (std::exchange(done_, true)) return;
  channel_->close();
}

void HttpPeer::cut() {
  if (std::exchange(done_, true)) return;
  on_cut();
  channel_->cut();
}

}  // namespace sallyport::sim
