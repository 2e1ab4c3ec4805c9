#include "tests/sim/h2_peer.h"

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"

namespace sallyport::sim {

H2Habits H2Habits::draw(Random& random, const Faults& faults, bool polite) {
  auto sometimes = [&](uint32_t most) {
    return random.coin() ? static_cast<uint32_t>(random.between(1, most)) : 0;
  };
  auto millis = [&](uint64_t most) {
    return Micros(static_cast<int64_t>(random.magnitude(1, most * 1000)));
  };
  H2Habits h;
  h.habits = Habits::draw(random, faults, polite);
  h.habits.write_most = std::max<size_t>(h.habits.write_most, 64);
  // From nothing over some bytes to more than there is; in the end enough, if the peer is polite.
  constexpr std::array<uint32_t, 6> kWindows{0, 1, 100, 5'000, 65'535, 4'000'000};
  for (size_t i = random.size_between(1, 3); i > 0; --i) {
    h.windows.push_back(kWindows[random.below(kWindows.size())]);
  }
  if (random.coin()) h.windows = {65'535};
  if (polite || random.coin()) {
    h.windows.push_back(static_cast<uint32_t>(random.between(8'000, 1'000'000)));
  }
  h.waits_for_consent = random.coin();
  h.late = sometimes(1000);
  h.late_most = millis(200);
  h.holds = random.below(3) == 0 ? static_cast<uint32_t>(random.between(1, 500)) : 0;
  h.hold_most = millis(polite ? 10'000 : 200'000);
  h.pads = random.below(4) == 0 ? sometimes(500) : 0;
  h.pings = random.below(4) == 0 ? sometimes(200) : 0;
  if (random.below(3) == 0) h.header_table = static_cast<uint32_t>(random.magnitude(0, 8192));
  h.streams = static_cast<uint32_t>(random.magnitude(1, 200));
  return h;
}

struct H2Peer::Callbacks {
  static H2Peer& of(void* self) { return *static_cast<H2Peer*>(self); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* self) {
    Block& block = of(self).blocks_[frame->hd.stream_id];
    block.fields.emplace_back(as_text(Bytes{name, name_size}), as_text(Bytes{value, value_size}));
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    H2Peer& peer = of(self);
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    int32_t id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      Block block = std::move(peer.blocks_[id]);
      peer.blocks_.erase(id);
      peer.on_block(id, block, end);
    }
    bool carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_end && end) peer.on_stream_end(id);
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
      peer.knows_settings_ = true;
      peer.on_settings();
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) peer.on_goaway(frame->goaway);
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                     void* self) {
    of(self).take(id, {data, size});
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t id, uint32_t error, void* self) {
    of(self).blocks_.erase(id);
    of(self).held_.erase(id);
    of(self).on_stream_close(id, error);
    of(self).sayings_.erase(id);
    return 0;
  }
  static int on_send(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    H2Peer& peer = of(self);
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      peer.complain(std::string("what came was a fault of the connection: ") +
                    nghttp2_http2_strerror(frame->goaway.error_code) + ", " + peer.reason_);
    }
    bool carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
      peer.on_said_end(frame->hd.stream_id);
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      peer.on_said_reset(frame->hd.stream_id, frame->rst_stream.error_code);
    }
    return 0;
  }
  static int on_invalid(nghttp2_session*, const nghttp2_frame* frame, int error, void* self) {
    // Which is what the limit of streams is for, until it is known.
    if (error == NGHTTP2_ERR_REFUSED_STREAM) {
      of(self).on_refused();
      return 0;
    }
    of(self).complain("a frame that must not be, type " + std::to_string(frame->hd.type) +
                      " on stream " + std::to_string(frame->hd.stream_id) + ": " +
                      nghttp2_strerror(error));
    return 0;
  }
  // What nghttp2 has against it, in its words.
  static int on_error(nghttp2_session*, int, const char* text, size_t size, void* self) {
    of(self).reason_ = std::string(text, size);
    return 0;
  }
  static ssize_t pad(nghttp2_session*, const nghttp2_frame* frame, size_t most, void* self) {
    H2Peer& peer = of(self);
    size_t least = frame->hd.length;
    if (!peer.random_.chance(peer.habits_.pads)) return static_cast<ssize_t>(least);
    return static_cast<ssize_t>(peer.random_.size_between(least, std::min(most, least + 255)));
  }
  static ssize_t read(nghttp2_session*, int32_t id, uint8_t* into, size_t most, uint32_t* flags,
                      nghttp2_data_source*, void* self) {
    return of(self).read_body(id, into, most, flags);
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_header_callback(made, on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, on_send);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid);
      nghttp2_session_callbacks_set_error_callback2(made, on_error);
      nghttp2_session_callbacks_set_select_padding_callback(made, pad);
      return made;
    }();
    return callbacks;
  }
  static nghttp2_option* options() {
    static nghttp2_option* option = [] {
      nghttp2_option* made = nullptr;
      CHECK(nghttp2_option_new(&made) == 0);
      nghttp2_option_set_no_auto_window_update(made, 1);
      return made;
    }();
    return option;
  }
};

H2Peer::H2Peer(Network& network, HttpLedger& ledger, const H2Habits& habits,
               MakeChannel make_channel, Role role)
    : network_(network),
      ledger_(ledger),
      random_(network.random().fork()),
      habits_(habits),
      make_channel_(std::move(make_channel)),
      role_(role) {
  auto* make = role == Role::Server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  CHECK(make(&session_, Callbacks::all(), this, Callbacks::options()) == 0);
}

H2Peer::~H2Peer() { nghttp2_session_del(session_); }

void H2Peer::begin(End& end) {
  channel_ = make_channel_(end, *this);
  say_settings();
  after(habits_.habits.patience, [this] { cut(); });
}

void H2Peer::say_settings() {
  std::vector<nghttp2_settings_entry> entries{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, habits_.windows.front()},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, habits_.header_table}};
  if (role_ == Role::Server) {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, habits_.streams});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) == 0);
  change_window(1);
}

// One after the other, so that the last of them stays.
void H2Peer::change_window(size_t which) {
  if (which == habits_.windows.size()) return;
  after(some_time(2'000'000), [this, which] {
    nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, habits_.windows[which]};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
    wake();
    change_window(which + 1);
  });
}

void H2Peer::after(Micros delay, std::function<void()> call) {
  network_.after(delay, [this, call = std::move(call)] {
    if (!done_) call();
  });
}

void H2Peer::wake() {
  if (std::exchange(wake_scheduled_, true)) return;
  network_.after(Micros(0), [this] {
    wake_scheduled_ = false;
    on_wake();
  });
}

void H2Peer::on_wake() {
  if (done_ || !channel_) return;
  receive();
  if (!done_) send();
}

void H2Peer::receive() {
  std::array<uint8_t, 16 * 1024> buffer;
  while (!reading_paused_ && !failed_ && ended_ == Account::End::None) {
    size_t most = random_.size_between(1, buffer.size());
    Channel::Taken r = channel_->read(MutableBytes(buffer).first(most));
    if (r.got == Channel::Got::Nothing) return;
    if (r.got != Channel::Got::Bytes) {
      ended_ = r.got == Channel::Got::End ? Account::End::Clean : Account::End::Cut;
      on_end();
      if (!done_ && ended_ == Account::End::Cut) leave();
      return;
    }
    sent_ = r.sent;
    feed(Bytes(buffer).first(r.bytes));
    if (done_) return;
    const Habits& h = habits_.habits;
    if (rested_ || h.stops_reading_at == 0 || received_ < h.stops_reading_at) continue;
    rested_ = reading_paused_ = true;
    after(h.stops_reading_for, [this] {
      reading_paused_ = false;
      on_wake();
    });
  }
}

void H2Peer::feed(Bytes bytes) {
  received_ += bytes.size();
  ssize_t used = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  if (used < 0) {
    failed_ = true;
    complain(std::string("got no HTTP/2: ") + nghttp2_strerror(static_cast<int>(used)));
    return cut();
  }
  if (random_.chance(habits_.pings)) {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  }
}

void H2Peer::take(int32_t id, Bytes bytes) {
  on_body(id, bytes);
  nghttp2_session_consume_connection(session_, bytes.size());
  auto [held, fresh] = held_.try_emplace(id);
  if (fresh && random_.chance(habits_.holds)) hold(id);
  if (held->second.now) {
    held->second.bytes += bytes.size();
  } else if (random_.chance(habits_.late)) {
    after(random_.micros(Micros(0), habits_.late_most),
          [this, id, size = bytes.size()] { give_window(id, size); });
  } else {
    nghttp2_session_consume_stream(session_, id, bytes.size());
  }
}

void H2Peer::give_window(int32_t id, size_t bytes) {
  nghttp2_session_consume_stream(session_, id, bytes);
  wake();
}

// What is not read costs its own stream only.
void H2Peer::hold(int32_t id) {
  held_[id].now = true;
  after(random_.micros(Micros(0), habits_.hold_most), [this, id] {
    auto found = held_.find(id);
    if (found == held_.end()) return;
    on_released(id);
    found->second.now = false;
    give_window(id, std::exchange(found->second.bytes, 0));
  });
}

// What is said.

void H2Peer::send() {
  // What comes late may ask for an answer even of a connection that has said its last.
  while (!done_ && !writing_paused_ && !finished_) {
    if (outgoing_.empty()) {
      const uint8_t* data = nullptr;
      ssize_t size = nghttp2_session_mem_send(session_, &data);
      CHECK(size >= 0);
      if (done_) return;
      if (size > 0) outgoing_ = as_text(Bytes{data, static_cast<size_t>(size)});
    }
    if (outgoing_.empty()) break;
    if (!write_some()) break;
  }
  if (done_) return;
  if (channel_->broken()) {
    receive();  // what had arrived before it broke
    if (!done_ && ended_ != Account::End::None) leave();
    return;
  }
  bool over = !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_);
  bool all_said = outgoing_.empty() && !writing_paused_;
  if (!all_said || finished_ || !(finishes_ || over)) return;
  finished_ = channel_->finish();
  if (finished_ && ended_ != Account::End::None) leave();
}

// False: not now.
bool H2Peer::write_some() {
  size_t n = std::min(random_.size_between(1, habits_.habits.write_most), outgoing_.size());
  size_t taken = channel_->write(as_bytes(outgoing_).first(n));
  if (taken == 0) return false;
  outgoing_.erase(0, taken);
  if (random_.chance(habits_.habits.pause)) {
    writing_paused_ = true;
    after(random_.micros(Micros(0), habits_.habits.pause_most), [this] {
      writing_paused_ = false;
      on_wake();
    });
  }
  return true;
}

nghttp2_data_provider H2Peer::provider() {
  nghttp2_data_provider made{};
  made.source.ptr = this;
  made.read_callback = Callbacks::read;
  return made;
}

void H2Peer::start(int32_t id, Saying saying) {
  saying.piece = std::max<uint64_t>(saying.length / 50 + 1, random_.magnitude(1, 64 * 1024));
  sayings_[id] = std::move(saying);
  say_piece(id);
}

void H2Peer::say_on(int32_t id) {
  auto found = sayings_.find(id);
  if (found == sayings_.end()) return;
  found->second.stops_at = UINT64_MAX;
  say_piece(id);
}

void H2Peer::say_piece(int32_t id) {
  auto found = sayings_.find(id);
  if (found == sayings_.end()) return;
  Saying& s = found->second;
  uint64_t most = std::min(s.length, s.stops_at);
  s.upto = std::min(most, s.upto + random_.between(1, s.piece));
  nghttp2_session_resume_data(session_, id);
  wake();
  if (s.upto == most) return;
  after(random_.coin() ? Micros(0) : some_time(50'000), [this, id] { say_piece(id); });
}

ssize_t H2Peer::read_body(int32_t id, uint8_t* into, size_t most, uint32_t* flags) {
  auto found = sayings_.find(id);
  if (found == sayings_.end()) return NGHTTP2_ERR_DEFERRED;
  Saying& s = found->second;
  size_t n = static_cast<size_t>(std::min<uint64_t>(most, s.upto - s.at));
  for (size_t i = 0; i < n; ++i) into[i] = Pattern::at(s.stream, s.at + i);
  s.at += n;
  *s.sent = std::max(*s.sent, s.at);
  if (s.at >= s.stops_at) {
    if (s.when_stopped) after(Micros(0), std::exchange(s.when_stopped, {}));
    return n > 0 ? static_cast<ssize_t>(n) : ssize_t{NGHTTP2_ERR_DEFERRED};
  }
  if (s.at < s.length) return n > 0 ? static_cast<ssize_t>(n) : ssize_t{NGHTTP2_ERR_DEFERRED};
  // Sometimes the end is a frame of its own.
  if (n > 0 && random_.below(4) == 0) return static_cast<ssize_t>(n);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (s.trailers) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    H2Fields fields(Fields{{"x-sum", "1"}});
    nghttp2_submit_trailer(session_, id, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(n);
}

void H2Peer::reset(int32_t id, uint32_t code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  wake();
}

bool H2Peer::continues(uint64_t stream, uint64_t& at, Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [&](uint8_t byte) { return byte == Pattern::at(stream, at++); });
}

void H2Peer::leave() {
  if (std::exchange(done_, true)) return;
  channel_->close();
}

void H2Peer::cut() {
  if (std::exchange(done_, true)) return;
  channel_->cut();
}

}  // namespace sallyport::sim
