#include "bench/load/connection.h"

#include <netinet/in.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport::bench {
namespace {

constexpr std::chrono::seconds kGoodbyeTime{2};
constexpr int kWritesPerTurn = 64;  // before others have their turn

FailureKind kind_of_connect_error(int error) {
  switch (error) {
    case ECONNREFUSED: return FailureKind::ConnectRefused;
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return FailureKind::Local;
    default: return FailureKind::ConnectFailed;
  }
}

SslPtr client_ssl(Endpoint& endpoint) {
  SslPtr ssl(SSL_new(endpoint.context.get()));
  SSL_set_connect_state(ssl.get());
  const std::string& name = endpoint.host.name;
  if (!name.empty()) {
    // SSL_set_tlsext_host_name, whose macro has a C cast.
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(name.c_str()));
    SSL_set1_host(ssl.get(), name.c_str());
  }
  if (endpoint.session) {
    // A copy: a TLS 1.3 handshake writes into the session that it resumes, so connections that
    // share one spoil it for each other.
    const SslSessionPtr copy(SSL_SESSION_dup(endpoint.session.get()));
    SSL_set_session(ssl.get(), copy.get());
  }
  // The context's callback finds the place for new sessions through this.
  SSL_set_app_data(ssl.get(), &endpoint);
  return ssl;
}

}  // namespace

Connection::Connection(const Options& options, Endpoint& endpoint, ConnectionOwner& owner,
                       int epoll, MutableBytes scratch)
    : options_(options),
      endpoint_(endpoint),
      owner_(owner),
      epoll_(epoll),
      scratch_(scratch),
      exchange_(make_exchange(options, endpoint.host)) {}

void Connection::open(Clock::time_point now, bool then_exchange) {
  CHECK(state_ == State::Closed);
  then_exchange_ = then_exchange;
  end_sent_ = end_received_ = false;
  opened_at_ = now;
  deadline_ = now + options_.timeout;
  state_ = State::Connecting;
  Fd fd = connect_to(endpoint_.address);
  if (!fd) return fail(kind_of_connect_error(errno), std::strerror(errno));
  transport_ = Transport(std::move(fd), endpoint_.context ? client_ssl(endpoint_) : nullptr);
  watched_ = 0;
  watch(EPOLLOUT);
}

void Connection::start(Clock::time_point now) {
  CHECK(state_ == State::Idle);
  state_ = State::Exchanging;
  deadline_ = now + options_.timeout;
  bytes_sent = bytes_received = 0;
  exchange_->begin();
  send_some();
}

void Connection::close(Clock::time_point now) {
  CHECK(state_ == State::Idle);
  state_ = State::Closing;
  deadline_ = now + kGoodbyeTime;
  if (!end_sent_ && !end_our_half()) return;
  if (end_received_) return close_now(true);
  watch(EPOLLIN);
}

void Connection::on_ready(uint32_t events) {
  switch (state_) {
    case State::Connecting: return connected();
    case State::Handshaking: return shake_hands();
    case State::Idle: return receive_idle();
    case State::Exchanging:
      if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive_some();
      if (state_ == State::Exchanging && events & EPOLLOUT) send_some();
      return;
    case State::Closing: return drain();
    case State::Closed: return;
  }
}

void Connection::check_deadline(Clock::time_point now) {
  if (state_ == State::Closed || state_ == State::Idle || now < deadline_) return;
  static constexpr const char* kDoing[] = {"", "connecting", "shaking hands", "", "exchanging", ""};
  if (state_ == State::Closing) return close_now(false);
  fail(FailureKind::Timeout, std::string("while ") + kDoing[static_cast<size_t>(state_)]);
}

void Connection::connected() {
  if (const int error = error_of(transport_.fd())) {
    return fail(kind_of_connect_error(error), std::strerror(error));
  }
  state_ = State::Handshaking;
  shake_hands();
}

void Connection::shake_hands() {
  const IoResult result = transport_.handshake();
  switch (result.status) {
    case IoStatus::Ok: return stands();
    case IoStatus::WantRead: return watch(EPOLLIN);
    case IoStatus::WantWrite: return watch(EPOLLOUT);
    case IoStatus::End:
    case IoStatus::Truncated: return fail(FailureKind::Handshake, "the peer closed");
    case IoStatus::Reset:
    case IoStatus::Failed: break;
  }
  fail(FailureKind::Handshake, transport_.error_text());
}

void Connection::stands() {
  const Clock::time_point now = Clock::now();
  opening_time = now - opened_at_;
  state_ = State::Idle;
  exchange_->opened();
  const bool go_on = std::exchange(then_exchange_, false);
  owner_.opened(*this);
  if (go_on && state_ == State::Idle) {
    const Clock::time_point deadline = deadline_;
    start(now);
    // The time allowed includes connecting.
    if (state_ == State::Exchanging) deadline_ = deadline;
  } else if (state_ == State::Idle) {
    watch(EPOLLIN);
  }
}

void Connection::send_some() {
  int turns = kWritesPerTurn;
  for (Bytes bytes = exchange_->to_send(); !bytes.empty(); bytes = exchange_->to_send()) {
    if (turns-- == 0) return wait_for_peer(true);
    const IoResult result = transport_.write(bytes);
    if (result.status == IoStatus::WantWrite) return wait_for_peer(true);
    if (result.status == IoStatus::WantRead) return wait_for_peer(false);
    if (result.status != IoStatus::Ok) return failed_io(result);
    exchange_->sent(result.bytes);
    bytes_sent += result.bytes;
  }
  wait_for_peer(false);
  take(exchange_->all_sent());
  if (state_ != State::Exchanging || !exchange_->wants_end()) return;
  if (end_our_half()) take(exchange_->end_sent());
}

void Connection::receive_some() {
  do {
    const IoResult result = transport_.read(scratch_);
    if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) return;
    if (result.status == IoStatus::End) {
      end_received_ = true;
      wait_for_peer(true);
      return take(exchange_->end_received());
    }
    if (result.status != IoStatus::Ok) return failed_io(result);
    bytes_received += result.bytes;
    take(exchange_->received(scratch_.first(result.bytes)));
    // HTTP/2 has something to say while it listens: windows, acknowledgements.
    if (state_ == State::Exchanging && !exchange_->to_send().empty()) send_some();
  } while (state_ == State::Exchanging && transport_.pending());
}

void Connection::take(Exchange::Step step) {
  if (step == Exchange::Step::More) return;
  if (step == Exchange::Step::Failed) {
    const Failure failure = *exchange_->failure();
    return fail(failure.kind, failure.text);
  }
  state_ = State::Idle;
  owner_.exchanged(*this);
  if (state_ == State::Idle) watch(EPOLLIN);
}

// Nothing is due here, but session tickets come, and the end if the peer has had enough of us.
void Connection::receive_idle() {
  const IoResult result = transport_.read(scratch_);
  switch (result.status) {
    case IoStatus::WantRead:
    case IoStatus::WantWrite: return;
    case IoStatus::Ok:
      if (exchange_->received_idle(scratch_.first(result.bytes))) return;
      return fail(FailureKind::BadResponse, "bytes that nobody asked for");
    case IoStatus::End:
    case IoStatus::Truncated:
      return fail(FailureKind::ClosedIdle, "the peer ended between exchanges");
    case IoStatus::Reset:
    case IoStatus::Failed: break;
  }
  failed_io(result);
}

void Connection::drain() {
  do {
    const IoResult result = transport_.read(scratch_);
    if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) return;
    if (result.status != IoStatus::Ok) {
      // A peer may leave out its close_notify in answer to ours.
      return close_now(result.status == IoStatus::End || result.status == IoStatus::Truncated);
    }
  } while (transport_.pending());
}

bool Connection::end_our_half() {
  end_sent_ = true;
  const IoResult result = transport_.close_write();
  if (result.status == IoStatus::Ok) return true;
  if (state_ == State::Closing) {
    close_now(false);
  } else {
    failed_io(result);
  }
  return false;
}

void Connection::failed_io(const IoResult& result) {
  switch (result.status) {
    case IoStatus::Reset: return fail(FailureKind::Reset, transport_.error_text());
    case IoStatus::Truncated: return fail(FailureKind::Truncated, "no close_notify before the end");
    default: return fail(FailureKind::Tls, transport_.error_text());
  }
}

void Connection::fail(FailureKind kind, std::string text) {
  const State was = state_;
  drop();
  owner_.failed(*this, was, Failure{kind, std::move(text)});
}

void Connection::close_now(bool clean) {
  drop();
  owner_.closed(*this, clean);
}

void Connection::drop() {
  transport_ = Transport();  // closing the descriptor takes it out of the epoll set
  state_ = State::Closed;
}

// An end once received would be reported for ever: then only room to send is of interest.
void Connection::wait_for_peer(bool room_to_send) {
  watch((end_received_ ? 0u : EPOLLIN) | (room_to_send || end_received_ ? EPOLLOUT : 0u));
}

void Connection::watch(uint32_t events) {
  if (events == watched_) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  const int operation = watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  CHECK(::epoll_ctl(epoll_, operation, transport_.fd(), &event) == 0);
  watched_ = events;
}

}  // namespace sallyport::bench
