#include "dataplane/session/h2_session.h"

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/base/turn_budget.h"
#include "dataplane/session/current_snapshot.h"
#include "dataplane/session/exchange_pool.h"

namespace sallyport {

namespace {

constexpr Millis kLinger{1000};        // as in entry.cc: no reset shall overtake the GOAWAY
constexpr Millis kShutdownMost{5000};  // for a client to answer the PING behind the first GOAWAY
// A client whose request has been answered early may go on with it as long as something comes, but
// not for ever. Some wait for a word from us instead (curl 8, of a redirect).
constexpr Millis kDiscardQuiet{500};
constexpr uint8_t kDiscardRounds = 10;
// Frames that wait for a client who does not take them; then nothing more is read from it.
constexpr size_t kQueuedMost = 1000;
// A head this many times over header_size is decoded for nobody's good.
constexpr size_t kBombFactor = 8;

H2FrameSettings settings_of(const Limits& limits) {
  H2FrameSettings settings;
  settings.streams = limits.http2_streams;
  settings.header_list = limits.header_size;
  settings.connect_protocol = true;
  return settings;
}

}  // namespace

H2Session::H2Session(SessionContext& context, Arrival arrival, Stream&& client,
                     std::shared_ptr<const ServerContext> tls, std::unique_ptr<ClientProof> proof,
                     const ConnectionFacts& facts, uint16_t port, Block received)
    : Session(context, std::move(arrival)),
      tls_(std::move(tls)),
      proof_(std::move(proof)),
      client_(std::move(client)),
      facts_(facts),
      port_(port),
      received_(std::move(received)),
      frames_(H2Frames::Role::Server, settings_of(limits()), *this) {
  client_.socket().set_owner(*this);
  record().alpn = "h2";
  record().doing = "serving streams";
  idle_since_ = context.loop.now();
  arm();
}

H2Session::~H2Session() = default;

void H2Session::advance() {
  in_turn_ = true;
  for (bool on = true; on;) {
    switch (phase_) {
      case Phase::Open: on = serve(); break;
      case Phase::Closing: on = close_connection(); break;
      case Phase::Linger:
        discard();
        on = false;
        break;
    }
  }
  in_turn_ = false;
}

// True: the next phase has begun.
bool H2Session::serve() {
  size_t budget = limits().turn_bytes;
  // The handshake's last flight goes out with our SETTINGS, if they can be told in this turn.
  bool flushed = !heard_ || client_.flush() != Step::Failed;
  if (!flushed || !read(budget)) {
    record().detail = client_.error_text();
    if (client_.asked_for_new_keys()) return refuse_new_keys();
    if (flushed) complete_what_went();
    finish(open_.empty() && served_ ? Reason::Closed : Reason::ClientReset);
    return false;
  }
  if ((context().draining || last_) && !shutting_) begin_shutdown();
  do {
    run_ready(budget);
    if (has_a_say() && !write_some(budget)) {
      finish(Reason::ClientReset);
      return false;
    }
  } while (!ready_.empty() && budget > 0);
  if (!heard_ && client_.flush() == Step::Failed) {
    finish(Reason::ClientReset);
    return false;
  }
  if (reading_ended_ && !client_.has_unsent() && !frames_.wants_write()) {
    // Nobody will give them a window any more.
    open_.for_each([&](H2Stream& stream) {
      if (stream.has_unsent()) abandon(stream, RequestEnd::ClientAborted);
    });
  }
  bool gone = reading_ended_ && open_.empty();
  bool over = !frames_.wants_read() && !frames_.wants_write();
  // A stream whose last frame has gone at the end of this turn has yet to learn that it has.
  if (frames_.error() == H2Error::None) over = over && ready_.empty();
  if (gone || over) {
    begin_closing();
    return true;
  }
  if (budget == 0 || !ready_.empty()) {
    reached(Limit::TurnBytes);
    context().loop.post(*this);
  }
  arm();
  return false;
}

// False: the client is gone, without a word or with a reset.
bool H2Session::read(size_t& budget) {
  if (!received_.empty()) {
    Block first = std::move(received_);
    if (!receive(first.rest())) return true;
  }
  while (budget > 0 && !reading_ended_ && frames_.wants_read()) {
    if (client_.has_unsent() && frames_.queued() >= kQueuedMost) return true;
    FlowResult r = client_.read({scratch().plain, Scratch::kChunk});
    switch (r.kind) {
      case Flow::Ok: break;
      case Flow::Blocked: return true;
      case Flow::Truncated:
      case Flow::Failed: return false;
      case Flow::End:
        reading_ended_ = true;
        open_.for_each([&](H2Stream& stream) { ready(stream); });
        return true;
    }
    spend(budget, r.bytes);
    if (!receive({scratch().plain, r.bytes})) return true;
  }
  return true;
}

// Whoever connects speaks first, and at once (RFC 9113 section 3.4): our SETTINGS go out with the
// answer to theirs.
bool H2Session::has_a_say() const { return heard_ || shutting_ || reading_ended_; }

bool H2Session::receive(Bytes bytes) {
  heard_ = true;
  if (frames_.receive(bytes)) return true;
  if (ending_ == Reason::Closed && frames_.error() == H2Error::EnhanceYourCalm) {
    reached(Limit::Http2ControlFrames);
    ending_ = Reason::Http2Flood;
  }
  return false;
}

void H2Session::run_ready(size_t& budget) {
  while (!ready_.empty() && budget > 0) {
    H2Stream& stream = ready_.front();
    stream.ListLink<ReadyStreams>::unlink();
    run(stream);
    budget -= std::min<size_t>(budget, 256);
  }
}

// False: the connection is broken.
bool H2Session::write(size_t& budget) {
  while (client_.takes_more() && frames_.wants_write() && budget > 0) {
    if (!write_some(budget)) return false;
  }
  return true;
}

// Until a stream has room for more of its body: it may be one that comes before what is left.
bool H2Session::write_some(size_t& budget) {
  while (client_.takes_more() && frames_.wants_write()) {
    MutableBytes room{scratch().head, Scratch::kChunk + 9};
    size_t size = frames_.produce(room);
    if (size == 0) break;
    if (client_.send(Bytes(room.first(size))) == Step::Failed) return false;
    budget -= std::min(budget, size);
    if (budget == 0 || !ready_.empty()) break;
  }
  return true;
}

// Streams.

void H2Session::ready(H2Stream& stream) {
  if (!stream.ListLink<ReadyStreams>::linked()) ready_.push_back(stream);
  wants_to_send();
}

void H2Session::wants_to_send() {
  if (!in_turn_) context().loop.post(*this);
}

std::string H2Session::link_error() const {
  return reading_ended_ ? "the client has ended" : client_.error_text();
}

void H2Session::run(H2Stream& stream) {
  if (!stream.exchange_) {
    bool fresh = stream.head_whole_ && !stream.begun_ && !stream.closed_ && !stream.faulty_;
    if (fresh) {
      begin(stream);
    } else if (stream.closed_ || reading_ended_) {
      return recycle(stream);
    } else {
      return;
    }
  } else if ((stream.closed_ || stream.faulty_) && !stream.end_sent_) {
    return abandon(stream, RequestEnd::ClientAborted);
  }
  Exchange::Outcome outcome = stream.exchange_->advance();
  if (outcome != Exchange::Outcome::Going) end_exchange(stream, outcome);
}

void H2Session::begin(H2Stream& stream) {
  stream.lent_.facts = facts_;
  stream.lent_.port = port_;
  stream.lent_.last = last_;
  stream.lent_.asks_for_head = stream.method_ == Method::Head;
  use_current_snapshot(context(), arrival(), stream.lent_);
  facts_ = stream.lent_.facts;
  last_ = stream.lent_.last;
  stream.snapshot_ = arrival().snapshot.share();
  stream.exchange_ = context().exchanges.take(context());
  stream.begun_ = true;
  if (!served_) leave_out_of_log();
  served_ = true;
  if (stream.fault_ == H1Fault::None) {
    Block head(scratch().blocks);
    head = std::move(stream.heads_);
    stream.exchange_->begin(stream.lent_, std::move(head), stream.started_);
  } else {
    on_fault();
    stream.exchange_->begin_refused(stream.lent_, stream.fault_, stream.size_, stream.started_);
  }
}

void H2Session::end_exchange(H2Stream& stream, Exchange::Outcome outcome) {
  context().exchanges.give_back(std::move(stream.exchange_));
  if (outcome == Exchange::Outcome::Cut) {
    // What waits stays: a frame of it may be half on its way out.
    stream.said_all_ = false;
    stream.received_.clear();
    if (!stream.closed_) frames_.reset(stream.id_, H2Error::Internal);
  } else {
    if (stream.fault_ == H1Fault::None) guard_.served();
    if (!stream.ended_ && !stream.closed_) {
      stream.discard_rest(context().loop.now() + Micros(kDiscardQuiet), kDiscardRounds);
      discarding_.push_back(stream);
    }
  }
  if (stream.closed_) return recycle(stream);
  wants_to_send();
}

void H2Session::abandon(H2Stream& stream, RequestEnd end) {
  if (stream.exchange_) {
    stream.exchange_->abandon(end);
    context().exchanges.give_back(std::move(stream.exchange_));
  }
  stream.said_all_ = false;
  if (stream.closed_ || phase_ != Phase::Open || reading_ended_) recycle(stream);
}

// A client may be gone before the exchanges have learned that it has got all of theirs.
void H2Session::complete_what_went() {
  if (client_.has_unsent()) return;
  open_.for_each([&](H2Stream& stream) {
    if (stream.exchange_ && stream.end_sent_) run(stream);
  });
}

void H2Session::recycle(H2Stream& stream) {
  DCHECK(!stream.exchange_);
  if (!stream.ListLink<OpenStreams>::linked() || stream.id_ == 0) return;
  stream.clear_sides();
  stream.snapshot_ = GenerationRef();
  stream.ListLink<ReadyStreams>::unlink();
  stream.ListLink<DiscardingStreams>::unlink();
  stream.ListLink<RunQueue>::unlink();
  stream.ListLink<OpenStreams>::unlink();
  spare_.push_back(stream);
  if (--open_count_ > 0) return;
  idle_since_ = context().loop.now();
}

// What the client does.

H2FrameStream* H2Session::on_stream(int32_t id) {
  if (ending_ != Reason::Closed) return nullptr;
  if (spare_.empty()) {
    streams_.push_back(std::make_unique<H2Stream>(*this, client_, arrival()));
    spare_.push_back(*streams_.back());
  }
  H2Stream& stream = spare_.front();
  stream.ListLink<OpenStreams>::unlink();
  open_.push_back(stream);
  ++open_count_;
  stream.open(id, context().loop.now());
  return &stream;
}

void H2Session::on_frame(Kind kind) {
  Instant now = context().loop.now();
  if (kind == Kind::Control && guard_.control(now, limits().http2_control_frames)) {
    calm_down(Limit::Http2ControlFrames);
  }
  if (kind == Kind::Reset && guard_.reset(now, limits().http2_resets)) {
    calm_down(Limit::Http2Resets);
  }
  if (kind == Kind::Excess) {
    reached(Limit::Http2Streams);
    on_fault();
  }
}

void H2Session::on_fault() {
  if (guard_.reset(context().loop.now(), limits().http2_resets)) calm_down(Limit::Http2Resets);
}

void H2Session::on_block_begin() {
  in_block_ = true;
  block_since_ = context().loop.now();
}

void H2Session::on_block_end() { in_block_ = false; }

void H2Session::on_fields(size_t block_size) {
  if (block_size > header_size() * kBombFactor) calm_down(Limit::HeaderSize);
}

void H2Session::on_goaway(int32_t, H2Error) { wants_to_send(); }

void H2Session::on_pong() {
  if (shutting_ && !shut_) {
    shut_ = true;
    frames_.finish_shutdown();
  }
}

// Whoever floods is told so, and not served any more.
void H2Session::calm_down(Limit limit) {
  if (ending_ != Reason::Closed) return;
  reached(limit);
  ending_ = Reason::Http2Flood;
  frames_.terminate(H2Error::EnhanceYourCalm);
}

// The end.

void H2Session::drain() { context().loop.post(*this); }

// RFC 9113 section 6.8: what is on its way to us while the client does not know yet is served.
void H2Session::begin_shutdown() {
  shutting_ = true;
  shutdown_since_ = context().loop.now();
  frames_.begin_shutdown();
}

void H2Session::arm() {
  Instant when = context().loop.now() + limits().keep_alive_timeout;
  if (open_.empty()) {
    Millis most = served_ ? limits().keep_alive_timeout : limits().header_timeout;
    when = idle_since_ + Micros(most);
  }
  if (!discarding_.empty()) when = std::min(when, discarding_.front().discard_until_);
  if (in_block_) when = std::min(when, block_since_ + Micros(limits().header_timeout));
  if (shutting_ && !shut_) when = std::min(when, shutdown_since_ + Micros(kShutdownMost));
  Millis left = std::chrono::ceil<Millis>(when - context().loop.now());
  postpone(std::max(left, Millis(1)));
}

void H2Session::on_deadline() {
  if (phase_ != Phase::Open) return finish(ending_);
  Instant now = context().loop.now();
  if (in_block_ && now >= block_since_ + Micros(limits().header_timeout)) {
    in_block_ = false;
    if (ending_ == Reason::Closed) {
      reached(Limit::HeaderTimeout);
      ending_ = Reason::HeaderTimeout;
      frames_.terminate(H2Error::EnhanceYourCalm);
    }
  }
  if (shutting_ && !shut_ && now >= shutdown_since_ + Micros(kShutdownMost)) on_pong();
  while (!discarding_.empty() && now >= discarding_.front().discard_until_) {
    H2Stream& stream = discarding_.front();
    if (stream.still_sends()) {
      stream.discard_until_ = now + Micros(kDiscardQuiet);
      stream.ListLink<DiscardingStreams>::unlink();
      discarding_.push_back(stream);
    } else {
      stream.stop_discarding();
    }
  }
  Millis idle = served_ ? limits().keep_alive_timeout : limits().header_timeout;
  if (open_.empty() && now >= idle_since_ + Micros(idle)) {
    if (ending_ == Reason::Closed) {
      reached(served_ ? Limit::KeepAliveTimeout : Limit::HeaderTimeout);
      ending_ = served_ ? Reason::KeepAliveTimeout : Reason::HeaderTimeout;
    }
    frames_.terminate(H2Error::None);
    size_t budget = limits().turn_bytes;
    write(budget);
    begin_closing();
  }
  advance();
}

void H2Session::begin_closing() {
  if (ending_ == Reason::Closed && frames_.error() != H2Error::None) {
    ending_ = Reason::Http2Error;
    record().detail = name(frames_.error());
  }
  complete_what_went();
  // Of a connection that ends for what its client did, nothing is served on.
  open_.for_each([&](H2Stream& stream) { abandon(stream, RequestEnd::ClientAborted); });
  phase_ = Phase::Closing;
  enter("closing", kLinger);
}

bool H2Session::close_connection() {
  size_t budget = limits().turn_bytes;
  if (client_.flush() == Step::Failed || !write(budget)) {
    finish(ending_);
    return false;
  }
  if (client_.has_unsent() || client_.say_goodbye() == Step::Blocked) {
    postpone(limits().response_idle_timeout);
    return false;
  }
  if (reading_ended_) {
    finish(ending_);
    return false;
  }
  client_.socket().shutdown_write();
  phase_ = Phase::Linger;
  postpone(kLinger);
  return true;
}

// The client has been told by an alert, which no reset shall overtake.
bool H2Session::refuse_new_keys() {
  ending_ = Reason::ClientKeyUpdate;
  open_.for_each([&](H2Stream& stream) { abandon(stream, RequestEnd::ClientAborted); });
  if (client_.flush() == Step::Failed) {
    finish(ending_);
    return false;
  }
  client_.socket().shutdown_write();
  phase_ = Phase::Linger;
  enter("closing", kLinger);
  return true;
}

void H2Session::discard() {
  for (;;) {
    IoResult r = client_.socket().read({scratch().plain, Scratch::kChunk});
    if (r.kind == Io::Blocked) return;
    if (r.kind != Io::Ok) return finish(ending_);
  }
}

void H2Session::close_streams(Reason reason) {
  RequestEnd end = reason == Reason::DrainTimeout ? RequestEnd::Drained : RequestEnd::ClientAborted;
  bool cut = !open_.empty();
  open_.for_each([&](H2Stream& stream) { abandon(stream, end); });
  open_.for_each([&](H2Stream& stream) { recycle(stream); });  // none takes a turn any more
  bool orderly = phase_ != Phase::Open || (reason == Reason::Closed && !cut);
  orderly ? client_.close() : client_.reset();
}

}  // namespace sallyport
