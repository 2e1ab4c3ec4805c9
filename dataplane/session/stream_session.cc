#include "dataplane/session/stream_session.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/session/handshake.h"
#include "dataplane/tls/client_proof.h"
#include "dataplane/tls/facts.h"
#include "dataplane/wire/postgres_hello.h"

namespace sallyport {

namespace {

constexpr Millis kLinger{1000};  // as in entry.cc: an alert must not be overtaken by a reset

}  // namespace

StreamSession::StreamSession(SessionContext& context, Arrival arrival, const Site* site,
                             const Service& service)
    : Session(context, std::move(arrival)),
      site_(site),
      service_(service),
      client_(context.scratch),
      backend_(context.scratch) {
  record().service = service.name();
  this->arrival().socket.set_owner(*this);
  client_.attach(std::move(this->arrival().socket), std::move(this->arrival().received));
}

StreamSession::StreamSession(SessionContext& context, Arrival arrival, int descriptor)
    : Session(context, std::move(arrival)),
      site_(nullptr),
      service_(*this->arrival().rules->service),
      client_(context.scratch),
      backend_(context.scratch) {
  record().service = service_.name();
  client_.attach(Socket(context.loop, *this, descriptor));
}

void StreamSession::advance() {
  for (;;) {
    switch (phase_) {
      case Phase::Begin:
        if (!begin()) return;
        break;
      case Phase::ClientHandshake:
        if (!shake_hands_with_client()) return;
        break;
      case Phase::Connect:
        if (!connect()) return;
        break;
      case Phase::AskForTls:
        if (!ask_for_tls()) return;
        break;
      case Phase::BackendHandshake:
        if (!shake_hands_with_backend()) return;
        break;
      case Phase::Relay:
        return relay();
      case Phase::Linger:
        return discard();
    }
  }
}

bool StreamSession::begin() {
  if (!site_ || !site_->tls || arrival().in_the_clear) return start_connecting();
  client_.start_tls(site_->tls->new_ssl(site_->certificates, site_->session_context));
  client_.offer_kernel_tls(site_->kernel_tls);
  phase_ = Phase::ClientHandshake;
  enter("shaking hands with the client", limits().handshake_timeout);
  return true;
}

bool StreamSession::shake_hands_with_client() {
  ClientHandshake shaken = shake_hands(client_, *site_, record(), context().metrics);
  if (shaken.step == Step::Blocked) return false;
  if (shaken.step == Step::Failed) {
    shaken.told ? linger(shaken.reason) : finish(shaken.reason);
    return false;
  }
  record().client_handshake = since_start();
  proof_ = std::move(shaken.proof);
  if (client_.flush() == Step::Failed) {
    finish(Reason::ClientReset);
    return false;
  }
  return start_connecting();
}

bool StreamSession::start_connecting() {
  endpoint_ = service_.pick(context().worker, tried_, context().loop.now());
  if (!endpoint_) {
    refuse(Reason::NoEndpoint, kAlertInternalError);
    return false;
  }
  ++record().connect_attempts;
  record().endpoint = endpoint_->address;
  context().metrics.connects.add();
  phase_ = Phase::Connect;
  enter("connecting to the backend", limits().connect_timeout);
  int error = 0;
  Socket socket = Socket::connect(context().loop, *this, endpoint_->address, error);
  if (!socket.open()) return try_next_endpoint(Reason::ConnectFailed, strerror(error));
  backend_.attach(std::move(socket));
  return true;
}

bool StreamSession::connect() {
  int result = backend_.socket().connect_result();
  if (result == EINPROGRESS) return false;
  if (result != 0) return try_next_endpoint(Reason::ConnectFailed, strerror(result));
  record().connected = since_start();
  if (service_.proxy_protocol() != ProxyProtocolOut::Off) {
    Address destination = arrival().destination.valid() ? arrival().destination
                                                        : client_.socket().local_address();
    send_proxy_header(backend_, service_.proxy_protocol(), record().client, destination,
                      record().sni, record(), client_identity());
  }
  if (asks_for_tls()) {
    backend_.send_raw(kPostgresSslRequest);
    phase_ = Phase::AskForTls;
    enter("asking the backend for TLS", limits().handshake_timeout);
    return true;
  }
  return begin_backend_tls();
}

// A client that passes through has been told that it may begin TLS, so that its backend is still to
// be asked.
bool StreamSession::asks_for_tls() {
  if (service_.sslmode() && (!site_ || site_->tls)) return true;
  return site_ && !site_->tls && arrival().rules->config.sslmode && !arrival().in_the_clear;
}

bool StreamSession::ask_for_tls() {
  if (backend_.flush() == Step::Blocked) return false;
  uint8_t answer = 0;
  // One byte: what follows it is TLS, or was said before there was any (CVE-2021-23222).
  FlowResult got = backend_.read({&answer, 1});
  if (got.kind == Flow::Blocked) return false;
  if (got.kind == Flow::Ok && answer == 'S') return begin_backend_tls();
  if (got.kind == Flow::Ok && answer == 'N' && service_.sslmode() == SslMode::Prefer) {
    begin_relay();
    return true;
  }
  context().metrics.tls.backend_failed(got.kind == Flow::Ok ? HandshakeError::NoTls
                                                            : HandshakeError::PeerLeft);
  record().detail = got.kind != Flow::Ok ? "the backend left when it was asked for TLS"
                    : answer == 'N'      ? "the backend has no TLS"
                                         : "the backend does not know PostgreSQL's SSLRequest";
  refuse(Reason::BackendHandshakeFailed, kAlertInternalError);
  return false;
}

bool StreamSession::begin_backend_tls() {
  bool passes_through = site_ && !site_->tls;
  if (!service_.tls() || passes_through) {
    begin_relay();
    return true;
  }
  SslPtr ssl = service_.tls()->new_ssl(endpoint_->name, context().worker);
  if (!ssl) {
    record().detail = "cannot set up verification of \"" + endpoint_->name + "\"";
    finish(Reason::BackendHandshakeFailed);
    return false;
  }
  backend_.start_tls(std::move(ssl));
  bool spliced = client_.plain() || client_.kernel_decrypts();
  backend_.offer_kernel_tls(service_.tls()->kernel_tls(spliced));
  phase_ = Phase::BackendHandshake;
  enter("shaking hands with the backend", limits().handshake_timeout);
  return true;
}

const ClientIdentity* StreamSession::client_identity() const {
  return proof_ && site_->client_auth ? &proof_->judged_by(site_->client_auth) : nullptr;
}

// Nothing has been sent to the endpoint yet, so another may serve as well.
bool StreamSession::try_next_endpoint(Reason reason, std::string detail) {
  context().metrics.connect_failures.add();
  service_.failed(context().worker, *endpoint_, context().loop.now());
  tried_.push_back(endpoint_);
  backend_.close();
  uint32_t most = limits().connect_attempts;
  bool others = service_.has_other(tried_);
  if (record().connect_attempts < most && others) return start_connecting();
  if (others) reached(Limit::ConnectAttempts);
  record().detail = std::move(detail);
  refuse(reason, kAlertInternalError);
  return false;
}

bool StreamSession::shake_hands_with_backend() {
  // A PROXY header goes out in the clear before the first flight.
  if (backend_.flush() == Step::Blocked) return false;
  Step step = backend_.handshake();
  if (step == Step::Blocked) return false;
  if (step == Step::Done) {
    record().backend_handshake = since_start();
    count_backend_handshake(context().metrics, backend_);
    begin_relay();
    return true;
  }
  HandshakeFailure failure = handshake_failure(backend_);
  count_backend_failure(context().metrics, failure);
  record().detail = std::move(failure.detail);
  finish(failure.fault == HandshakeFault::CertificateRejected ? Reason::BackendCertificateRejected
                                                              : Reason::BackendHandshakeFailed);
  return false;
}

void StreamSession::begin_relay() {
  to_backend_.emplace(client_, backend_, context().scratch, context().pipes);
  to_client_.emplace(backend_, client_, context().scratch, context().pipes);
  phase_ = Phase::Relay;
  enter("relaying", limits().idle_timeout);
}

void StreamSession::relay() {
  size_t budget = limits().turn_bytes;
  PumpState out = to_backend_->turn(budget, to_client_->state() == PumpState::Finished);
  PumpState in = to_client_->turn(budget, out == PumpState::Finished);
  count_bytes();

  bool client_ended = to_backend_->source_ended();
  bool backend_ended = to_client_->source_ended();
  if (!first_end_known_ && (client_ended || backend_ended)) {
    first_end_known_ = true;
    record().by = client_ended ? Side::Client : Side::Backend;
  }
  if (out == PumpState::Finished && in == PumpState::Finished) return finish(Reason::Closed);
  bool out_failed = out >= PumpState::ReadFailed;
  bool in_failed = in >= PumpState::ReadFailed;
  if (out_failed || in_failed) {
    // A side that no longer takes bytes may have sent some before it broke: they are delivered
    // first. Its stream remembers the failure, so that direction cannot end as if all were well.
    bool draining = (out == PumpState::WriteFailed && !in_failed && in != PumpState::Finished) ||
                    (in == PumpState::WriteFailed && !out_failed && out != PumpState::Finished);
    if (!draining) return relay_broken(out, in);
  }
  if (out == PumpState::More || in == PumpState::More) {
    reached(Limit::TurnBytes);
    context().loop.post(*this);
  }
  if (phase_ == Phase::Relay) {
    postpone(client_ended || backend_ended ? limits().half_closed_timeout : limits().idle_timeout);
  }
}

void StreamSession::relay_broken(PumpState out, PumpState in) {
  Reason reason;
  const Stream* at_fault;
  if (out == PumpState::ReadFailed || in == PumpState::WriteFailed) {
    reason = client_.asked_for_new_keys() ? Reason::ClientKeyUpdate : Reason::ClientReset;
    at_fault = &client_;
  } else if (out == PumpState::Truncated) {
    reason = Reason::ClientTruncated;
    at_fault = &client_;
  } else if (in == PumpState::Truncated) {
    reason = Reason::BackendTruncated;
    at_fault = &backend_;
  } else {
    reason = backend_.asked_for_new_keys() ? Reason::BackendKeyUpdate : Reason::BackendReset;
    at_fault = &backend_;
  }
  record().detail = at_fault->error_text();
  if (reason != Reason::ClientKeyUpdate) return finish(reason);
  backend_.reset();
  linger(reason);
}

void StreamSession::count_bytes() {
  size_t scenario = record().routed ? static_cast<size_t>(record().scenario) : kScenarios - 1;
  WorkerMetrics& m = context().metrics;
  record().bytes_from_client = to_backend_->bytes();
  record().bytes_from_backend = to_client_->bytes();
  uint64_t spliced = to_backend_->spliced_bytes() + to_client_->spliced_bytes();
  m.bytes_from_client[scenario].add(to_backend_->bytes() - counted_from_client_);
  m.bytes_from_backend[scenario].add(to_client_->bytes() - counted_from_backend_);
  if (spliced != counted_spliced_) m.spliced_bytes.add(spliced - counted_spliced_);
  m.pipes.set(context().pipes.made());
  m.limit_reached[static_cast<size_t>(Limit::PipeMemory)].set(context().pipes.refusals());
  counted_from_client_ = to_backend_->bytes();
  counted_from_backend_ = to_client_->bytes();
  counted_spliced_ = spliced;
}

void StreamSession::on_deadline() {
  switch (phase_) {
    case Phase::Begin:
    case Phase::ClientHandshake:
      reached(Limit::HandshakeTimeout);
      context().metrics.tls.failed(client_policy(site_), HandshakeError::Timeout);
      return finish(Reason::ClientHandshakeTimeout);
    case Phase::Connect:
      reached(Limit::ConnectTimeout);
      if (try_next_endpoint(Reason::ConnectTimeout, "no answer")) advance();
      return;
    case Phase::AskForTls:
    case Phase::BackendHandshake:
      reached(Limit::HandshakeTimeout);
      context().metrics.tls.backend_failed(HandshakeError::Timeout);
      return finish(Reason::BackendHandshakeTimeout);
    case Phase::Relay:
      if (to_backend_->source_ended() || to_client_->source_ended()) {
        reached(Limit::HalfClosedTimeout);
        return finish(Reason::HalfClosedTimeout);
      }
      reached(Limit::IdleTimeout);
      return finish(Reason::IdleTimeout);
    case Phase::Linger:
      return finish(lingering_);
  }
}

void StreamSession::close_streams(Reason reason) {
  // A peer that was told goodbye, or that is being told by an alert, is closed; any other must not
  // mistake the end of its connection for the end of the stream.
  bool orderly = reason == Reason::Closed || phase_ == Phase::Linger;
  if (orderly) {
    client_.close();
    backend_.close();
  } else {
    client_.reset();
    backend_.reset();
  }
}

void StreamSession::refuse(Reason reason, uint8_t alert) {
  bool client_awaits_hello = site_ && client_.plain() && !arrival().in_the_clear;
  if (!client_awaits_hello) return finish(reason);
  client_.send_raw(AlertRecord(alert).bytes);
  linger(reason);
}

void StreamSession::linger(Reason reason) {
  if (client_.flush() == Step::Failed) return finish(reason);
  client_.socket().shutdown_write();
  lingering_ = reason;
  phase_ = Phase::Linger;
  postpone(kLinger);
  discard();
}

void StreamSession::discard() {
  for (;;) {
    IoResult r = client_.socket().read({context().scratch.plain, Scratch::kChunk});
    if (r.kind == Io::Blocked) return;
    if (r.kind != Io::Ok) return finish(lingering_);
  }
}

}  // namespace sallyport
