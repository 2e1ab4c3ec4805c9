#include "tests/sim/peer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

uint8_t Pattern::at(uint64_t stream, uint64_t position) {
  if (position < kHead) return static_cast<uint8_t>(stream >> (8 * position));
  uint64_t z = (stream ^ position) * 0x9e3779b97f4a7c15u;
  return static_cast<uint8_t>(z >> 56 ^ z >> 24);
}

Script Script::draw_polite(Random& random, const Faults& faults) {
  Script s;
  // In proportion to what the network moves at once, so that no run takes ages.
  uint64_t moved_at_once = std::min(faults.segment_most, faults.receive_buffer);
  s.send = random.magnitude(0, std::min<uint64_t>(512 * 1024, moved_at_once * 64));
  if (s.send > 0) s.send = std::max(s.send, Pattern::kHead);
  size_t least = std::max<size_t>(1, static_cast<size_t>(s.send / 500));
  s.chunk_most = static_cast<size_t>(random.magnitude(least, 64 * 1024));
  s.pause = random.coin() ? 0 : static_cast<uint32_t>(random.below(300));
  s.pause_most = Micros(static_cast<int64_t>(random.magnitude(1, 100'000)));
  if (random.below(3) == 0) {
    s.stops_reading_at = random.magnitude(1, 64 * 1024);
    s.stops_reading_for = Micros(static_cast<int64_t>(random.magnitude(1, 2'000'000)));
  }
  s.patience = std::chrono::hours(1);
  return s;
}

Script Script::draw(Random& random, const Faults& faults) {
  Script s = draw_polite(random, faults);
  switch (random.below(8)) {
    case 0:
      s.ending = Ending::Cut;
      s.cut_after = random.below(s.send + 1);
      break;
    case 1:
      s.ending = Ending::Never;
      s.patience = Micros(static_cast<int64_t>(random.magnitude(1'000, 60'000'000)));
      break;
    case 2:
    case 3:
      s.ending = Ending::AfterPeer;
      break;
    default:
      break;
  }
  return s;
}

std::string Account::describe() const {
  static constexpr std::array kEnds{"none", "clean", "cut"};
  return "sent " + std::to_string(sent) + (finished ? " and finished" : "") +
         (gave_up ? ", gave up" : "") + "; received " + std::to_string(received) + ", end " +
         kEnds[static_cast<size_t>(ended)] + (mismatch ? ", WRONG BYTES" : "");
}

std::unique_ptr<Channel> Peer::plain(End& end, Observer&) {
  return std::make_unique<PlainChannel>(end);
}

Peer::Peer(Network& network, const Script& script, MakeChannel make_channel)
    : network_(network),
      random_(network.random().fork()),
      script_(script),
      make_channel_(std::move(make_channel)) {
  account_.stream = random_.next() | 1u;  // never 0: that means unknown
}

void Peer::call(const Address& from, const Address& to, Micros delay) {
  network_.after(delay, [this, from, to] { begin(network_.call(from, to, *this)); });
}

void Peer::accept(End& end) {
  begin(end);
  end.set_observer(*this);
}

void Peer::begin(End& end) {
  address_ = end.local();
  channel_ = make_channel_(end, *this);
  network_.after(script_.patience, [this] {
    if (done_) return;
    account_.gave_up = true;
    cut();
  });
}

void Peer::on_wake() {
  if (done_) return;
  receive();
  if (done_) return;
  send();
}

void Peer::receive() {
  std::array<uint8_t, 16 * 1024> buffer;
  while (!reading_paused_ && account_.ended == Account::End::None) {
    size_t most = random_.size_between(1, buffer.size());
    Channel::Taken r = channel_->read(MutableBytes(buffer).first(most));
    switch (r.got) {
      case Channel::Got::Nothing:
        return;
      case Channel::Got::Cut:
        account_.ended = Account::End::Cut;
        return leave();
      case Channel::Got::End:
        account_.ended = Account::End::Clean;
        break;
      case Channel::Got::Bytes:
        check(Bytes(buffer).first(r.bytes));
        break;
    }
    if (!rested_ && script_.stops_reading_at > 0 &&
        account_.received >= script_.stops_reading_at) {
      rested_ = reading_paused_ = true;
      network_.after(script_.stops_reading_for, [this] {
        reading_paused_ = false;
        on_wake();
      });
    }
  }
}

void Peer::check(Bytes got) {
  for (uint8_t byte : got) {
    uint64_t at = account_.received++;
    if (at < Pattern::kHead) {
      head_[at] = byte;
      if (at + 1 < Pattern::kHead) continue;
      for (size_t i = 0; i < Pattern::kHead; ++i) {
        account_.from |= static_cast<uint64_t>(head_[i]) << (8 * i);
      }
    } else if (byte != Pattern::at(account_.from, at)) {
      account_.mismatch = true;
    }
  }
}

void Peer::send() {
  std::array<uint8_t, 64 * 1024> buffer;
  while (!writing_paused_ && !account_.finished) {
    if (script_.ending == Script::Ending::Cut && account_.sent >= script_.cut_after) return cut();
    uint64_t left = script_.send - account_.sent;
    if (left == 0) {
      bool waits = script_.ending == Script::Ending::Never ||
                   (script_.ending == Script::Ending::AfterPeer &&
                    account_.ended != Account::End::Clean);
      if (waits) return;
      if (!channel_->finish()) return leave_if_lost();
      account_.finished = true;
      break;
    }
    size_t n = random_.size_between(1, script_.chunk_most);
    n = static_cast<size_t>(std::min<uint64_t>({n, left, buffer.size()}));
    for (size_t i = 0; i < n; ++i) buffer[i] = Pattern::at(account_.stream, account_.sent + i);
    size_t taken = channel_->write(Bytes(buffer).first(n));
    if (taken == 0) return leave_if_lost();
    account_.sent += taken;
    if (random_.chance(script_.pause)) {
      writing_paused_ = true;
      network_.after(random_.micros(Micros(0), script_.pause_most), [this] {
        writing_paused_ = false;
        on_wake();
      });
    }
  }
  if (account_.finished && account_.ended == Account::End::Clean) leave();
}

void Peer::leave_if_lost() {
  if (!channel_->broken()) return;
  receive();  // what had arrived before it broke
  if (!done_ && account_.ended != Account::End::None) leave();
}

void Peer::leave() {
  done_ = true;
  channel_->close();
}

void Peer::cut() {
  done_ = true;
  channel_->cut();
}

Backend::Backend(Network& network, const Address& at, MakeScript make_script,
                 Peer::MakeChannel make_channel) {
  network.listen(at, [this, &network, make_script = std::move(make_script),
                      make_channel = std::move(make_channel)](End& end) {
    peers_.push_back(std::make_unique<Peer>(network, make_script(), make_channel));
    peers_.back()->accept(end);
  });
}

}  // namespace sallyport::sim
