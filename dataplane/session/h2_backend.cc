#include "dataplane/session/h2_backend.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

// Of one connection, whatever the backend would allow: a lost one takes no more with it.
constexpr uint32_t kStreamsMost = 128;
// A connection on which somebody waits and nothing comes is asked whether it lives.
constexpr Millis kSilenceMost{20'000};
constexpr Millis kPongMost{10'000};
// For a backend to take the GOAWAY of a connection that nobody uses.
constexpr Millis kGoodbyeMost{5'000};
constexpr size_t kIdentitiesMost = 1024;

H2FrameSettings settings_of(const H2Backend::Settings& settings) {
  H2FrameSettings frames;
  frames.header_list = static_cast<uint32_t>(settings.header_size);
  return frames;
}

}  // namespace

H2BackendStream::H2BackendStream(H2Backend& backend)
    : H2Sides(backend, H2HeadText::Of::Response), backend_(backend) {}

void H2BackendStream::open(Task& owner, Method method, bool first) {
  open_sides(0);
  owner_ = &owner;
  first_ = first;
  method_ = method;
}

void H2BackendStream::release(std::unique_ptr<H2BackendStream> stream) {
  H2Backend& backend = stream->backend_;
  backend.release(std::move(stream));
}

bool H2BackendStream::settled() const { return backend_.settled(); }

bool H2BackendStream::takes_connect() const {
  return link_.frames().peer_allows_connect_protocol();
}

void H2BackendStream::ready() {
  if (owner_) backend_.post(*owner_);
}

bool H2BackendStream::translate(MutableBytes head) {
  return h2_request_fields(head, backend_.tls() ? "https" : "http", link_.scratch().fields);
}

bool H2BackendStream::submit_fields(std::span<const H2Field> fields, bool more) {
  head_sent_ = true;
  id_ = link_.frames().send_request(fields, *this, more);
  return id_ > 0;
}

H2Backend::H2Backend(H2Backends& pool, Loop& loop, Scratch& scratch, WorkerMetrics& metrics,
                     Stream&& stream, const Service& service, const Endpoint& endpoint,
                     const Settings& settings)
    : pool_(pool),
      loop_(loop),
      scratch_(scratch),
      metrics_(metrics),
      address_(endpoint.address),
      name_(service.tls() ? endpoint.name : std::string()),
      tls_(service.shared_tls()),
      stream_(std::move(stream)),
      settings_(settings),
      frames_(H2Frames::Role::Client, settings_of(settings), *this),
      deadline_(loop.deadlines(), *this) {
  stream_.socket().set_owner(*this);
  idle_since_ = heard_ = loop.now();
  pool_.add(*this);
  // What the handshake left, and the edge that somebody else has had.
  loop_.post(*this);
}

H2Backend::~H2Backend() = default;

bool H2Backend::serves(const Service& service, const Endpoint& endpoint) const {
  return address_ == endpoint.address && tls_.get() == service.tls() &&
         (!service.tls() || name_ == endpoint.name);
}

// Of more streams than it takes a backend refuses some, whose bodies may have gone by then: until
// it has said how many, there is one.
bool H2Backend::has_room() const {
  if (!settled_ && !open_.empty()) return false;
  return !ended_ && !leaving_ && frames_.takes_requests() &&
         open_.size() + released_.size() < std::min(kStreamsMost, frames_.peer_streams());
}

std::unique_ptr<H2BackendStream> H2Backend::open(Task& owner, Method method) {
  if (spare_.empty()) spare_.push_back(std::make_unique<H2BackendStream>(*this));
  std::unique_ptr<H2BackendStream> stream = std::move(spare_.back());
  spare_.pop_back();
  stream->open(owner, method, !used_);
  used_ = true;
  open_.push_back(stream.get());
  return stream;
}

void H2Backend::release(std::unique_ptr<H2BackendStream> stream) {
  auto found = std::find(open_.begin(), open_.end(), stream.get());
  DCHECK(found != open_.end());
  std::swap(*found, open_.back());
  open_.pop_back();
  if (open_.empty()) idle_since_ = loop_.now();
  stream->owner_ = nullptr;
  stream->said_all_ = stream->said_all_ && stream->end_sent_;
  bool known = stream->id_ > 0 && !stream->closed_ && !ended_;
  if (known) {
    // Its end may have been seen by us only: then it is about to close, and nothing is broken off.
    frames_.reset(stream->id_, H2Error::Cancel);
    released_.push_back(std::move(stream));
  } else {
    keep(std::move(stream));
  }
  if (ended_) end();
  if (ended_) return;
  if (retired_ && open_.empty()) frames_.terminate(H2Error::None);
  wants_to_send();
}

void H2Backend::on_settings() {
  if (std::exchange(settled_, true)) return;
  for (H2BackendStream* stream : open_) stream->ready();
  tell_who_waits();
}

void H2Backend::tell_who_waits() {
  if (!std::exchange(told_, true)) pool_.settled(*this, loop_);
}

void H2Backend::retire() {
  if (ended_ || std::exchange(retired_, true)) return;
  leaving_ = true;
  if (!open_.empty()) return;
  frames_.terminate(H2Error::None);
  wants_to_send();
}

void H2Backend::wants_to_send() {
  if (!in_turn_ && !ended_) loop_.post(*this);
}

void H2Backend::turn() {
  if (buried_ || ended_) return;
  in_turn_ = true;
  if (deadline_.expired()) on_deadline();
  bool on = !ended_ && serve();
  in_turn_ = false;
  forget_released();
  if (on) {
    arm();
  } else {
    end();
  }
}

bool H2Backend::serve() {
  if (stream_.flush() == Step::Failed) return false;
  while (frames_.wants_read()) {
    FlowResult r = stream_.read({scratch_.plain, Scratch::kChunk});
    if (r.kind == Flow::Blocked) break;
    if (r.kind != Flow::Ok) {
      error_ = stream_.error_text();
      return false;
    }
    if (!frames_.receive({scratch_.plain, r.bytes})) break;
  }
  if (!write()) return false;
  if (frames_.wants_read() || frames_.wants_write() || stream_.has_unsent()) return true;
  return false;
}

bool H2Backend::write() {
  while (!stream_.has_unsent() && frames_.wants_write()) {
    MutableBytes room{scratch_.head, Scratch::kChunk + 9};
    size_t size = frames_.produce(room);
    if (size == 0) break;
    if (stream_.send(Bytes(room.first(size))) == Step::Failed) {
      error_ = stream_.error_text();
      return false;
    }
  }
  return true;
}

void H2Backend::forget_released() {
  std::erase_if(released_, [this](auto& stream) {
    if (!stream->closed()) return false;
    keep(std::move(stream));
    return true;
  });
}

// As many as are open at a time, so that one is made anew only when there are more than ever. What
// they hold goes at once.
void H2Backend::keep(std::unique_ptr<H2BackendStream> stream) {
  stream->clear_sides();
  spare_.push_back(std::move(stream));
}

void H2Backend::arm() {
  if (open_.empty()) {
    deadline_.arm(said_goodbye_ ? goodbye_ + Micros(kGoodbyeMost)
                                : idle_since_ + Micros(settings_.idle_timeout));
  } else {
    bool asked = asked_ > heard_;
    deadline_.arm((asked ? asked_ : heard_) + Micros(asked ? kPongMost : kSilenceMost));
  }
}

void H2Backend::on_deadline() {
  Instant now = loop_.now();
  deadline_.disarm();
  if (open_.empty()) {
    if (said_goodbye_) {
      if (now >= goodbye_ + Micros(kGoodbyeMost)) ended_ = true;
    } else if (now >= idle_since_ + Micros(settings_.idle_timeout)) {
      said_goodbye_ = true;
      goodbye_ = now;
      frames_.terminate(H2Error::None);
    }
    return;
  }
  if (asked_ > heard_ && now >= asked_ + Micros(kPongMost)) {
    error_ = "no answer to a PING";
    ended_ = true;
  } else if (asked_ <= heard_ && now >= heard_ + Micros(kSilenceMost)) {
    asked_ = now;
    frames_.ping();
  }
}

std::string H2Backend::ended_by() const {
  if (frames_.error() == H2Error::None) return "the backend has ended the connection";
  return std::string("what the backend sends is no HTTP/2: ") + sallyport::name(frames_.error());
}

// Streams that are not over learn of it in their exchanges' turns.
void H2Backend::end() {
  ended_ = true;
  pool_.remove(*this);
  if (error_.empty()) error_ = ended_by();
  tell_who_waits();
  deadline_.disarm();
  if (stream_.open()) {
    if (stream_.asked_for_new_keys()) metrics_.kernel_tls[1].key_updates.add();
    stream_.say_goodbye();
    stream_.close();
  }
  for (H2BackendStream* stream : open_) {
    if (!stream->closed()) stream->on_closed(H2Error::Internal);
  }
  released_.clear();
  if (!open_.empty() || std::exchange(buried_, true)) return;
  loop_.bury(std::unique_ptr<Task>(this));
}

H2Backends::~H2Backends() { clear(); }

H2Backends::Identity H2Backends::identity_of(const Service& service, const Endpoint& endpoint) {
  return {endpoint.address, service.tls() ? endpoint.name : std::string(), service.tls()};
}

std::unique_ptr<H2BackendStream> H2Backends::open(const Service& service, const Endpoint& endpoint,
                                                  Task& owner, Method method) {
  for (H2Backend* backend : all_) {
    if (backend->serves(service, endpoint) && backend->has_room()) {
      return backend->open(owner, method);
    }
  }
  return nullptr;
}

bool H2Backends::wait(const Service& service, const Endpoint& endpoint, Task& owner) {
  Identity identity = identity_of(service, endpoint);
  // As many as will have room on the one that is being made.
  for (Connecting& one : connecting_) {
    if (one.identity != identity || one.waiting.size() + 1 >= kStreamsMost) continue;
    one.waiting.push_back(&owner);
    return true;
  }
  connecting_.push_back({std::move(identity), {}});
  return false;
}

void H2Backends::connected(const Service& service, const Endpoint& endpoint, Loop& loop) {
  stop_connecting(identity_of(service, endpoint), loop);
}

void H2Backends::settled(const H2Backend& backend, Loop& loop) {
  stop_connecting({backend.address(), backend.name(), backend.context()}, loop);
}

void H2Backends::stop_connecting(const Identity& identity, Loop& loop) {
  auto found = std::find_if(connecting_.begin(), connecting_.end(),
                            [&](const Connecting& one) { return one.identity == identity; });
  if (found == connecting_.end()) return;
  for (Task* task : found->waiting) loop.post(*task);
  connecting_.erase(found);
}

void H2Backends::stop_waiting(Task& owner) {
  for (Connecting& one : connecting_) std::erase(one.waiting, &owner);
}

bool H2Backends::speaks_http1(const Service& service, const Endpoint& endpoint) const {
  Identity identity = identity_of(service, endpoint);
  return std::find(http1_.begin(), http1_.end(), identity) != http1_.end();
}

void H2Backends::note_http1(const Service& service, const Endpoint& endpoint) {
  if (speaks_http1(service, endpoint)) return;
  if (http1_.size() == kIdentitiesMost) http1_.clear();
  http1_.push_back(identity_of(service, endpoint));
}

void H2Backends::keep_only(
    const std::function<bool(const Address&, const BackendContext*)>& wanted) {
  for (H2Backend* backend : all_) {
    if (!wanted(backend->address(), backend->context())) backend->retire();
  }
}

void H2Backends::clear() {
  std::vector<H2Backend*> all = all_;
  for (H2Backend* backend : all) backend->end();
}

}  // namespace sallyport
