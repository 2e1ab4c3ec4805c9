#include "dataplane/session/http_session.h"

#include "dataplane/base/check.h"
#include "dataplane/session/current_snapshot.h"
#include "dataplane/session/exchange_pool.h"
#include "dataplane/session/h2_session.h"
#include "dataplane/session/handshake.h"

namespace sallyport {

namespace {

constexpr uint32_t kAnswersPerTurn = 16;
constexpr Millis kLinger{1000};  // as in entry.cc: what was sent must not be overtaken by a reset

Reason reason_of(RequestEnd end) {
  switch (end) {
    case RequestEnd::ClientAborted: return Reason::ClientReset;
    case RequestEnd::ClientTimedOut:
    case RequestEnd::BackendTimedOut: return Reason::ResponseIdleTimeout;
    case RequestEnd::TimedOut: return Reason::RequestTimeout;
    case RequestEnd::TunnelBroken: return Reason::TunnelIdleTimeout;
    case RequestEnd::Drained: return Reason::DrainTimeout;
    case RequestEnd::BadRequest: return Reason::RequestRefused;
    case RequestEnd::TooLarge: return Reason::RequestTooLarge;
    default: return Reason::BackendTruncated;
  }
}

}  // namespace

HttpSession::HttpSession(SessionContext& context, Arrival arrival, const Site* site)
    : Session(context, std::move(arrival)),
      client_(context.scratch),
      in_(client_, context.scratch, HeadScan::Of::Request),
      out_(client_, context.scratch),
      lent_{*this, client_, in_, out_, this->arrival(), this->arrival().snapshot,
            {this->arrival().rules, site}} {
  this->arrival().socket.set_owner(*this);
  client_.attach(std::move(this->arrival().socket), std::move(this->arrival().received));
}

HttpSession::HttpSession(SessionContext& context, Arrival arrival, int descriptor)
    : Session(context, std::move(arrival)),
      client_(context.scratch),
      in_(client_, context.scratch, HeadScan::Of::Request),
      out_(client_, context.scratch),
      lent_{*this, client_, in_, out_, this->arrival(), this->arrival().snapshot,
            {this->arrival().rules, nullptr}} {
  client_.attach(Socket(context.loop, *this, descriptor));
}

void HttpSession::advance() {
  answered_in_turn_ = 0;
  for (;;) {
    switch (phase_) {
      case Phase::Begin:
        if (!begin()) return;
        break;
      case Phase::ClientHandshake:
        if (!shake_hands_with_client()) return;
        break;
      case Phase::Request:
        if (!read_request()) return;
        break;
      case Phase::Exchanging:
        if (!exchange()) return;
        break;
      case Phase::Closing:
        if (!close_connection()) return;
        break;
      case Phase::Linger: return discard();
    }
  }
}

bool HttpSession::begin() {
  const ListenerConfig& listener = lent_.facts.rules->config;
  lent_.port = arrival().destination.valid() ? arrival().destination.port()
                                             : listener.address.port();
  if (const Site* site = lent_.facts.site) {
    tls_ = site->tls;
    client_.start_tls(site->tls->new_ssl(site->certificates, site->session_context));
    client_.offer_kernel_tls(site->kernel_tls);
    phase_ = Phase::ClientHandshake;
    enter("shaking hands with the client", limits().handshake_timeout);
    return true;
  }
  await_request();
  return true;
}

bool HttpSession::shake_hands_with_client() {
  ClientHandshake shaken = shake_hands(client_, *lent_.facts.site, record(), context().metrics);
  if (shaken.step == Step::Blocked) return false;
  if (shaken.step == Step::Failed) {
    shaken.told ? linger(shaken.reason) : finish(shaken.reason);
    return false;
  }
  record().client_handshake = since_start();
  lent_.facts.tls = record().tls_version == "TLSv1.3" ? TlsVersion::V1_3 : TlsVersion::V1_2;
  proof_ = std::move(shaken.proof);
  lent_.facts.proof = proof_.get();
  if (record().alpn == "h2" && arrival().rules->config.http2) {
    go_on_with_http2(Block(context().scratch.blocks));
    return false;
  }
  await_request();
  return true;
}

void HttpSession::go_on_with_http2(Block received) {
  hand_on(std::make_unique<H2Session>(context(), std::move(arrival()), std::move(client_),
                                      std::move(tls_), std::move(proof_), lent_.facts, lent_.port,
                                      std::move(received)));
}

void HttpSession::await_request() {
  phase_ = Phase::Request;
  awaiting_first_byte_ = true;
  in_.skip_empty_line();
  // The first request has no reason to be late.
  bool first = !exchanged_;
  enter("waiting for a request", first ? limits().header_timeout : limits().keep_alive_timeout);
}

bool HttpSession::read_request() {
  if (client_.has_unsent() && client_.flush() == Step::Failed) {
    finish(Reason::ClientReset);
    return false;
  }
  Block bytes(context().scratch.blocks);
  H1Input::Head head = in_.read_head(bytes, limits().header_size, Scratch::kChunk);
  if (awaiting_first_byte_ && !(in_.untouched() && head.kind == H1Input::Head::Kind::Waiting)) {
    awaiting_first_byte_ = false;
    first_byte_ = context().loop.now();
    if (head.kind == H1Input::Head::Kind::Waiting) {
      enter("reading a request", limits().header_timeout);
    }
  }
  switch (head.kind) {
    case H1Input::Head::Kind::Waiting:
      if (context().draining && in_.untouched() && exchanged_) return begin_closing();
      return false;
    case H1Input::Head::Kind::Whole:
      if (may_be_http2(bytes.rest())) {
        in_.take_rest(bytes);
        go_on_with_http2(std::move(bytes));
        return false;
      }
      return begin_exchange(std::move(bytes));
    case H1Input::Head::Kind::Refused:
      take_exchange();
      exchange_->begin_refused(lent_, head.fault, in_.so_far().size(), first_byte_);
      return true;
    case H1Input::Head::Kind::Ended:
    case H1Input::Head::Kind::Truncated:
      // Clients that leave between requests may do so without a word.
      if (in_.untouched()) return begin_closing();
      finish(Reason::ClientLeft);
      return false;
    case H1Input::Head::Kind::Failed:
      record().detail = client_.error_text();
      if (client_.asked_for_new_keys()) {
        linger(Reason::ClientKeyUpdate);
        return false;
      }
      finish(in_.untouched() && exchanged_ ? Reason::Closed : Reason::ClientReset);
      return false;
  }
  return false;
}

// Of a client that says at once that it speaks HTTP/2, without TLS (RFC 9113 section 3.3).
bool HttpSession::may_be_http2(Bytes came) {
  return !exchanged_ && client_.plain() && arrival().rules->config.http2 &&
         kH2Preface.starts_with(as_text(came));
}

bool HttpSession::begin_exchange(Block head) {
  use_current_snapshot(context(), arrival(), lent_);
  take_exchange();
  exchange_->begin(lent_, std::move(head), first_byte_);
  return true;
}

void HttpSession::take_exchange() {
  phase_ = Phase::Exchanging;
  record().doing = "exchanging";
  exchange_ = context().exchanges.take(context());
  if (!exchanged_) leave_out_of_log();
  exchanged_ = true;
}

bool HttpSession::exchange() {
  Exchange::Outcome outcome = exchange_->advance();
  switch (outcome) {
    case Exchange::Outcome::Going: {
      // The exchange has its own deadline; this one shall only not come meanwhile.
      record().doing = exchange_->doing();
      return false;
    }
    case Exchange::Outcome::Reusable:
      end_exchange();
      await_request();
      // Who pipelines without end shall not have the loop for himself.
      if (++answered_in_turn_ < kAnswersPerTurn) return true;
      context().loop.post(*this);
      return false;
    case Exchange::Outcome::Close:
      whole_ = exchange_->request_read();
      end_exchange();
      return begin_closing();
    case Exchange::Outcome::Cut: {
      Reason reason = reason_of(exchange_->end());
      end_exchange();
      if (client_.asked_for_new_keys()) {
        linger(Reason::ClientKeyUpdate);
      } else {
        finish(reason);
      }
      return false;
    }
  }
  return false;
}

void HttpSession::end_exchange() {
  context().exchanges.give_back(std::move(exchange_));
}

bool HttpSession::begin_closing() {
  phase_ = Phase::Closing;
  enter("closing", kLinger);
  return true;
}

// Orderly: everything is sent, TLS ends with close_notify. Where the client may still be sending,
// closing at once would be a reset, which can overtake what it has not read yet.
bool HttpSession::close_connection() {
  switch (client_.say_goodbye()) {
    case Step::Blocked:
      postpone(limits().response_idle_timeout);
      return false;
    case Step::Failed:
      finish(ending_);
      return false;
    case Step::Done: break;
  }
  // A client's close_notify is bytes as well, and may come at any moment.
  bool all_read = whole_ && in_.untouched() && !client_.socket().readable() && client_.plain();
  if (all_read) {
    finish(ending_);
    return false;
  }
  client_.socket().shutdown_write();
  phase_ = Phase::Linger;
  postpone(kLinger);
  return true;
}

void HttpSession::linger(Reason reason) {
  ending_ = reason;
  if (client_.flush() == Step::Failed) return finish(reason);
  client_.socket().shutdown_write();
  phase_ = Phase::Linger;
  postpone(kLinger);
  discard();
}

void HttpSession::discard() {
  for (;;) {
    IoResult r = client_.socket().read({context().scratch.plain, Scratch::kChunk});
    if (r.kind == Io::Blocked) return;
    if (r.kind != Io::Ok) return finish(ending_);
  }
}

void HttpSession::on_deadline() {
  switch (phase_) {
    case Phase::Begin:
    case Phase::ClientHandshake:
      reached(Limit::HandshakeTimeout);
      context().metrics.tls.failed(client_policy(lent_.facts.site), HandshakeError::Timeout);
      return finish(Reason::ClientHandshakeTimeout);
    case Phase::Request:
      // Half a preface of HTTP/2 has no answer: who sends it takes none of HTTP/1.1 for one.
      if (in_.untouched() || may_be_http2(in_.so_far())) {
        reached(exchanged_ ? Limit::KeepAliveTimeout : Limit::HeaderTimeout);
        ending_ = exchanged_ ? Reason::KeepAliveTimeout : Reason::HeaderTimeout;
        begin_closing();
        return advance();
      }
      reached(Limit::HeaderTimeout);
      take_exchange();
      exchange_->begin_late(lent_, in_.so_far().size(), first_byte_);
      return advance();
    case Phase::Exchanging:
      postpone(limits().keep_alive_timeout);
      return advance();  // an edge may have come with it
    case Phase::Closing:
    case Phase::Linger: return finish(ending_);
  }
}

void HttpSession::drain() {
  // What has begun is answered, and told that it was the last.
  if (phase_ == Phase::Request) context().loop.post(*this);
}

void HttpSession::close_streams(Reason reason) {
  if (exchange_) {
    exchange_->abandon(RequestEnd::Drained);
    end_exchange();
    return client_.reset();
  }
  bool orderly = reason == Reason::Closed || phase_ == Phase::Linger || phase_ == Phase::Closing;
  orderly ? client_.close() : client_.reset();
}

}  // namespace sallyport
