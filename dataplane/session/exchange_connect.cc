// How an exchange comes by a connection to a backend: a kept one, a shared one, or its own.
#include "dataplane/session/exchange.h"

#include <errno.h>
#include <string.h>

#include <utility>

#include "dataplane/relay/affinity.h"
#include "dataplane/session/exchange_pool.h"
#include "dataplane/session/handshake.h"
#include "dataplane/tls/facts.h"

namespace sallyport {

Exchange::Next Exchange::start_attempt() {
  endpoint_ = pick_endpoint();
  if (!endpoint_) {
    return answer(503, RequestEnd::NoEndpoint, service_->endpoints().empty()
                                                   ? "the service has no endpoint"
                                                   : "the service has no healthy endpoint");
  }
  record_.endpoint = endpoint_->address;
  H2Backends& shared = context_.exchanges.backends();
  bool multiplexed = multiplexes();
  bool reuses = !multiplexed && !fresh_only_ && reuses_backends();
  if (!reuses) waiter_.stop();
  if (multiplexed) {
    if (!fresh_only_ && use_shared()) return begin_relay();
    if (shared.wait(*service_, *endpoint_, client_->task)) {
      phase_ = Phase::Queue;
      // What somebody else makes is fresh, and counts: who is refused again and again shall end.
      if (std::exchange(fresh_only_, false)) ++record_.connect_attempts;
      wait("waiting for a connection to the backend", limits().handshake_timeout);
      return Next::Wait;
    }
    connecting_ = true;
  }
  while (reuses) {
    std::unique_ptr<BackendConnection> kept =
        context_.backends.take(*service_, *endpoint_, waiter_);
    if (!kept) break;
    if (stale(*kept)) {
      context_.backends.discard(std::move(kept), BackendPool::Farewell::Orderly);
      continue;
    }
    context_.metrics.backend_reuses.add();
    record_.reused_connection = true;
    use(std::move(kept));
    return begin_relay();
  }
  if (reuses && context_.backends.wait(*service_, *endpoint_, waiter_, client_->task)) {
    phase_ = Phase::Queue;
    wait("waiting for a connection to the backend", limits().handshake_timeout);
    return Next::Wait;
  }
  ++record_.connect_attempts;
  record_.reused_connection = false;
  context_.metrics.connects.add();
  service_->metrics(context_.worker).connects.add();
  wait("connecting to the backend", limit(&RouteLimits::connect_timeout, &Limits::connect_timeout));
  int error = 0;
  Socket socket =
      Socket::connect(context_.loop, client_->task, endpoint_->address, error);
  phase_ = Phase::Connect;
  if (!socket.open()) {
    context_.metrics.connect_failures.add();
    return next_endpoint(RequestEnd::ConnectFailed, 502, strerror(error));
  }
  use(context_.backends.make(*service_, *endpoint_, waiter_));
  backend_->stream().attach(std::move(socket));
  return Next::On;
}

const Endpoint* Exchange::pick_endpoint() {
  Instant now = context_.loop.now();
  if (!treatment_ || !treatment_->affinity) return service_->pick(context_.worker, tried_, now);
  std::string_view cookie = cookie_value(request_.fields, treatment_->affinity->cookie);
  new_cookie_ = cookie.empty();
  uint64_t hash = affinity_hash(new_cookie_ ? own_cookie() : cookie);
  const Endpoint* picked = service_->pick_for(hash, context_.worker, tried_, now);
  if (!treatment_->affinity->change_on_failure || picked == service_->first_for(hash)) {
    return picked;
  }
  new_cookie_ = true;
  return service_->pick_for(affinity_hash(own_cookie()), context_.worker, tried_, now);
}

// A kept connection that the backend has closed meanwhile costs a request that must not be sent
// twice, so for such a request somebody looks first.
bool Exchange::stale(BackendConnection& backend) {
  if (is_idempotent(request_.method)) return false;
  return backend.has_ended();
}

Exchange::Next Exchange::use(std::unique_ptr<BackendConnection> backend) {
  backend_ = std::move(backend);
  if (backend_->stream().open()) backend_->stream().socket().set_owner(client_->task);
  backend_in_ = &h1_in_.emplace(backend_->stream(), context_.scratch, HeadScan::Of::Response);
  backend_out_ = &h1_out_.emplace(backend_->stream(), context_.scratch, true);
  return Next::On;
}

Exchange::Next Exchange::connect_it() {
  int result = backend_->stream().socket().connect_result();
  if (result == EINPROGRESS) return Next::Wait;
  if (result != 0) {
    context_.metrics.connect_failures.add();
    return next_endpoint(RequestEnd::ConnectFailed, 502, strerror(result));
  }
  if (service_->proxy_protocol() != ProxyProtocolOut::Off) {
    Address destination = client_->arrival.destination.valid()
                              ? client_->arrival.destination
                              : client_->stream.socket().local_address();
    send_proxy_header(backend_->stream(), service_->proxy_protocol(), record_.client, destination,
                      record_.sni, client_->arrival.record, identity_);
  }
  if (!service_->tls()) return begin_on_backend();
  // What is not to be shared is not asked to be: by now a backend may agree to what it did not.
  bool chooses = service_->protocol() == BackendProtocol::Auto;
  SslPtr ssl = service_->tls()->new_ssl(endpoint_->name, context_.worker, !connecting_ && chooses);
  if (!ssl) {
    return answer(502, RequestEnd::ConnectFailed, "cannot set up verification of the backend");
  }
  backend_->stream().start_tls(std::move(ssl));
  backend_->stream().offer_kernel_tls(service_->tls()->kernel_tls(false));
  phase_ = Phase::BackendHandshake;
  wait("shaking hands with the backend", limits().handshake_timeout);
  return Next::On;
}

Exchange::Next Exchange::shake_hands() {
  Stream& stream = backend_->stream();
  // A PROXY header goes out in the clear before the first flight.
  if (stream.flush() == Step::Blocked) return Next::Wait;
  Step step = stream.handshake();
  if (step == Step::Blocked) return Next::Wait;
  if (step == Step::Done) {
    count_backend_handshake(context_.metrics, stream);
    return begin_on_backend();
  }
  HandshakeFailure failure = handshake_failure(stream);
  count_backend_failure(context_.metrics, failure);
  detail_ = std::move(failure.detail);
  return next_endpoint(RequestEnd::ConnectFailed, 502, detail_);
}

// HTTP/2 is meant to be spoken, unless a handshake chose otherwise.
bool Exchange::multiplexes() const {
  switch (service_->protocol()) {
    case BackendProtocol::Http1: return false;
    case BackendProtocol::Http2: return true;
    case BackendProtocol::Auto:
      // Every backend of WebSocket knows it by HTTP/1.1.
      if (service_->tls() && !upgrade_of(request_).empty()) return false;
      break;
  }
  return !context_.exchanges.backends().speaks_http1(*service_, *endpoint_);
}

// False: no connection that is there has room.
bool Exchange::use_shared() {
  h2_ = context_.exchanges.backends().open(*service_, *endpoint_, client_->task, request_.method);
  if (!h2_) return false;
  backend_in_ = h2_.get();
  backend_out_ = h2_.get();
  record_.reused_connection = h2_->reused();
  if (h2_->reused()) context_.metrics.backend_reuses.add();
  return true;
}

// The connection is there, by itself or for all who want to share it.
Exchange::Next Exchange::begin_on_backend() {
  context_.backends.made(*backend_);
  if (!connecting_) return begin_relay();
  H2Backends& shared = context_.exchanges.backends();
  if (service_->tls() && tls_facts(backend_->stream()).alpn != "h2") {
    if (service_->protocol() == BackendProtocol::Http2) {
      return next_endpoint(RequestEnd::ConnectFailed, 502, "the backend does not agree to HTTP/2");
    }
    shared.note_http1(*service_, *endpoint_);
    stop_connecting();
    return begin_relay();
  }
  h1_in_.reset();
  h1_out_.reset();
  // Owns itself, and is the pool's from here on.
  std::make_unique<H2Backend>(shared, context_.loop, context_.scratch, context_.metrics,
                              std::move(backend_->stream()), *service_, *endpoint_,
                              H2Backend::Settings{limits().header_size,
                                                  limits().backend_idle_timeout})
      .release();
  context_.loop.bury(std::move(backend_));
  // Which tells those who wait for it.
  connecting_ = false;
  bool there = use_shared();
  if (!there) return next_endpoint(RequestEnd::ConnectFailed, 502, "the backend takes no stream");
  record_.reused_connection = false;
  return begin_relay();
}

void Exchange::stop_connecting() {
  if (!std::exchange(connecting_, false)) return;
  context_.exchanges.backends().connected(*service_, *endpoint_, context_.loop);
}

// Nothing of the request has been sent, so any other endpoint may serve it as well.
Exchange::Next Exchange::next_endpoint(RequestEnd end, uint16_t status, std::string_view detail) {
  service_->failed(context_.worker, *endpoint_, context_.loop.now());
  service_->metrics(context_.worker).connect_failures.add();
  tried_.push_back(endpoint_);
  if (backend_) context_.backends.failed(*backend_);
  release_backend(false);
  uint32_t most = limit(&RouteLimits::connect_attempts, &Limits::connect_attempts);
  bool others = service_->has_other(tried_);
  if (record_.connect_attempts < most && others) return start_attempt();
  if (others) reached(Limit::ConnectAttempts);
  return answer(status, end, detail);
}

void Exchange::stop_waiting() {
  if (phase_ == Phase::Queue) context_.exchanges.backends().stop_waiting(client_->task);
  waiter_.stop();
}

void Exchange::release_backend(bool reusable) {
  stop_connecting();
  push_.disarm();
  if (h2_) {
    backend_in_ = nullptr;
    backend_out_ = nullptr;
    return H2BackendStream::release(std::move(h2_));
  }
  if (!backend_) return;
  h1_in_.reset();
  h1_out_.reset();
  backend_in_ = nullptr;
  backend_out_ = nullptr;
  if (reusable) {
    context_.backends.give_back(std::move(backend_), limits().backend_idle_connections,
                                limits().backend_idle_timeout);
  } else {
    // Of a tunnel everything counts: what was broken off must not look complete.
    bool served = request_read_ && !request_broken_ && !backend_->stream().has_unsent() &&
                  (!record_.upgraded || record_.end == RequestEnd::Tunnelled);
    context_.backends.discard(std::move(backend_), served ? BackendPool::Farewell::Orderly
                                                          : BackendPool::Farewell::Reset);
  }
}

}  // namespace sallyport
