// An exchange with a backend: the request's body one way, the response the other.
#include "dataplane/session/exchange.h"

#include "dataplane/base/turn_budget.h"

namespace sallyport {

namespace {

// Kept of what comes from a client while nothing is wanted from it.
constexpr size_t kAhead = 16 * 1024;
// How long the kernel may wait for the rest of a segment: a sender of bulk goes on sooner.
constexpr Micros kHeldBackMost{2000};
// Of one exchange: more than any protocol has a use for, few enough to wait for a client.
constexpr uint8_t kInterimsMost = 32;

}  // namespace

Exchange::Next Exchange::begin_relay() {
  std::string_view upgrade = upgrade_of(request_);
  if (h2_ && !upgrade.empty() && !h2_->settled()) {
    phase_ = Phase::Settle;
    wait("waiting for the backend's settings", limits().handshake_timeout);
    return Next::Wait;
  }
  upgrade_sent_ =
      !upgrade.empty() && (!h2_ || (same_name(upgrade, "websocket") && h2_->takes_connect()));
  if (client_->version == 2 && !upgrade.empty() && !upgrade_sent_) {
    // It is no GET, whatever form it has taken here.
    return answer(502, RequestEnd::BackendFailed, "the backend takes no extended CONNECT");
  }
  record_.connected = elapsed();
  if (!record_.reused_connection) context_.metrics.backend_opened.add();
  H1Writer out = backend_out_->head_writer();
  WebSocketKey key = websocket_key();
  std::string_view own_key = upgrade_sent_ && client_->version == 2 && !h2_ ? key.view() : "";
  write_request_head(out, {request_, path_, forwarded_, http(), identity_, treatment_,
                           !rewritten_.empty(), upgrade_sent_, own_key});
  if (out.overflown()) {
    return answer(431, RequestEnd::TooLarge, "the head is too large with what is added to it");
  }
  backend_out_->put_head(out.written(), request_.body, false);
  phase_ = Phase::Relay;
  record_.doing = "sending the request";
  progress();
  return Next::On;
}

Exchange::Next Exchange::relay() {
  size_t budget = limits().turn_bytes;
  Next next = forward_request(budget);
  if (phase_ != Phase::Relay) return next;
  if (next == Next::Over) return next;
  return forward_response(budget);
}

Exchange::Next Exchange::forward_request(size_t& budget) {
  while (!request_read_ && !request_broken_ && budget > 0) {
    if (backend_out_->has_unsent()) {
      Step step = backend_out_->resume();
      if (step == Step::Failed) request_broken_ = true;
      if (step != Step::Done) break;
      progress();
    }
    MessageInput::Body body = client_->in.read_body(backend_out_->piece(false));
    switch (body.kind) {
      case MessageInput::Body::Kind::Data: break;
      case MessageInput::Body::Kind::Waiting:
        if (backend_out_->flush() == Step::Failed) request_broken_ = true;
        return Next::Wait;
      case MessageInput::Body::Kind::Refused:
        close_after_ = true;
        context_.metrics.http.requests_refused[static_cast<size_t>(body.fault)].add();
        return answer(status_of(body.fault), RequestEnd::BadRequest, text(body.fault));
      case MessageInput::Body::Kind::Truncated:
      case MessageInput::Body::Kind::Failed: return client_lost();
    }
    progress();
    record_.request_body_bytes += body.data.size();
    if (body_limit_ > 0 && record_.request_body_bytes > body_limit_) {
      reached(Limit::BodySize);
      return answer(413, RequestEnd::TooLarge, "the body is longer than body_size");
    }
    spend(budget, body.data.size());
    body_begun_ |= !body.data.empty();
    request_read_ = body.end;
    // Of an extended CONNECT the tunnel is still to come, behind its head.
    if (upgrade_sent_ && h2_) break;
    if (backend_out_->send_body(body.data, body.end, &client_->in.trailers()) == Step::Failed) {
      request_broken_ = true;
    }
    if (h1_out_ && h1_out_->holds_back()) push_.arm(context_.loop.now() + kHeldBackMost);
    if (body.end) {
      progress();  // now it is the response that is waited for
      record_.request_sent = elapsed();
      record_.doing = "waiting for the response";
    }
  }
  client_->in.settle();
  // The head as well, if what a handshake or a PROXY header left unsent has kept it so far: it does
  // not survive the turn.
  if (!request_broken_ && backend_out_->flush() == Step::Failed) request_broken_ = true;
  if (budget == 0) context_.loop.post(client_->task);
  return Next::Wait;
}

Exchange::Next Exchange::forward_response(size_t& budget) {
  MessageOutput& client = client_->out;
  for (;;) {
    if (client_has_unsent()) {
      Step step = client.resume();
      if (step == Step::Done) step = splice_.deliver(client_->stream);
      if (step == Step::Failed) return client_lost();
      if (step == Step::Blocked) {
        slow_client_ = true;
        return Next::Wait;
      }
      progress();
    } else if (response_begun_) {
      slow_client_ = false;
    }
    if (!response_begun_) {
      Next next = read_response_head();
      // On, but not begun: the request goes out once more, on a connection that was at hand.
      if (next != Next::On || phase_ != Phase::Relay || !response_begun_) return next;
    }
    if (budget == 0) {
      reached(Limit::TurnBytes);
      if (client_->out.flush() == Step::Failed) return client_lost();
      backend_in_->settle();
      context_.loop.post(client_->task);
      return Next::Wait;
    }
    if (splices_response()) {
      Next next = splice_response(budget);
      if (next != Next::On) return next;
      continue;
    }
    splice_.stop();
    MessageInput::Body body = backend_in_->read_body(client_->out.piece(slow_client_));
    switch (body.kind) {
      case MessageInput::Body::Kind::Data: break;
      case MessageInput::Body::Kind::Waiting:
        return client_->out.flush() == Step::Failed ? client_lost() : Next::Wait;
      case MessageInput::Body::Kind::Truncated:
        return response_broken("the backend ended amid the response");
      case MessageInput::Body::Kind::Failed:
        detail_ = backend_in_->error_text();
        return response_broken(detail_);
      case MessageInput::Body::Kind::Refused: return response_refused(body.fault);
    }
    progress();
    record_.backend_body_bytes += body.data.size();
    record_.response_body_bytes += body.data.size();
    bulk_ = body.data.size() >= Scratch::kBulk;
    spend(budget, body.data.size());
    const FieldList& trailers = backend_in_->trailers();
    if (client_->out.send_body(body.data, body.end,
                               request_.takes_trailers ? &trailers : nullptr) == Step::Failed) {
      return client_lost();
    }
    if (body.end) return complete();
  }
}

// The rest of a body whose length is known, if nothing is done to it.
bool Exchange::splices_response() {
  return bulk_ && client_->version == 1 && !h2_ && !client_->out.has_pending_head() &&
         h1_in_->left_in_stream() >= Scratch::kBulk &&
         Splice::possible(backend_->stream(), client_->stream);
}

Exchange::Next Exchange::splice_response(size_t& budget) {
  Splice::Taken taken = splice_.take(backend_->stream(), h1_in_->left_in_stream());
  context_.metrics.pipes.set(context_.pipes.made());
  context_.metrics.limit_reached[static_cast<size_t>(Limit::PipeMemory)].set(
      context_.pipes.refusals());
  switch (taken.kind) {
    case Splice::Taken::Kind::Ok: break;
    case Splice::Taken::Kind::Blocked: return Next::Wait;
    case Splice::Taken::Kind::Unable: bulk_ = false; return Next::On;
    case Splice::Taken::Kind::End: return response_broken("the backend ended amid the response");
    case Splice::Taken::Kind::Failed:
      detail_ = backend_in_->error_text();
      return response_broken(detail_);
  }
  h1_in_->passed(taken.bytes);
  progress();
  record_.backend_body_bytes += taken.bytes;
  record_.response_body_bytes += taken.bytes;
  context_.metrics.spliced_bytes.add(taken.bytes);
  bulk_ = taken.bytes >= Scratch::kBulk;
  spend(budget, taken.bytes);
  return Next::On;
}

Exchange::Next Exchange::read_response_head() {
  for (;;) {
    MessageInput::Head head = backend_in_->read_head(response_bytes_, limits().header_size,
                                                     client_->out.piece(slow_client_));
    switch (head.kind) {
      case MessageInput::Head::Kind::Whole: break;
      case MessageInput::Head::Kind::Waiting:
        // Meanwhile somebody has to notice when the client goes.
        if (request_read_ && client_->in.gone(kAhead)) return client_lost();
        return Next::Wait;
      case MessageInput::Head::Kind::Ended:
      case MessageInput::Head::Kind::Truncated:
        return backend_lost("the backend ended before its response");
      case MessageInput::Head::Kind::Failed:
        detail_ = backend_in_->error_text();
        return backend_lost(detail_);
      case MessageInput::Head::Kind::Refused: return response_refused(head.fault);
    }
    progress();
    H1Fault fault =
        parse_response_head(response_bytes_.rest(), FieldList::kMost, request_.method, response_);
    if (fault != H1Fault::None) return response_refused(fault);
    if (response_.status >= 200 || response_.status == 101) return begin_response();
    if (++interims_ > kInterimsMost) {
      return answer(502, RequestEnd::BackendFailed, "interim responses without end");
    }
    if (request_.minor == 0) continue;  // RFC 9110 section 15.2
    H1Writer out = client_->out.head_writer();
    write_interim_head(out, response_);
    if (out.overflown()) return answer(502, RequestEnd::BackendFailed, "a head too large");
    client_->out.put_head(out.written(), BodyKind::None, false);
    if (client_->out.flush() == Step::Failed) return client_lost();
  }
}

Exchange::Next Exchange::response_refused(H1Fault fault) {
  context_.metrics.http.responses_refused[static_cast<size_t>(fault)].add();
  return response_broken(text(fault));
}

Exchange::Next Exchange::response_broken(std::string_view detail) {
  // A head that is still here need not be the client's last word.
  if (client_->out.has_pending_head()) {
    client_->out.drop_head();
    response_begun_ = false;
  }
  return answer(502, RequestEnd::BackendFailed, detail);
}

Exchange::Next Exchange::begin_response() {
  record_.response_head = elapsed();
  record_.backend_status = record_.status = response_.status;
  bool connected = h2_ && upgrade_sent_ && response_.status / 100 == 2;
  if (response_.status == 101 || connected) return begin_tunnel();
  record_.doing = "passing the response on";
  ResponseFraming framing;
  framing.minor = request_.minor;
  framing.head_only = request_.method == Method::Head;
  framing.body = response_.body;
  framing.length = response_.length;
  if (framing.body == BodyKind::Chunked || framing.body == BodyKind::UntilClose) {
    framing.body = request_.minor == 0 ? BodyKind::UntilClose : BodyKind::Chunked;
  }
  // A request that is not read by now will not be read whole before the response has gone, as a
  // rule: then what follows it on the connection cannot be found.
  close_after_ = close_after_ || client_->last || context_.draining || !request_.keep_alive ||
                 framing.body == BodyKind::UntilClose ||
                 (!request_read_ && (request_broken_ || request_.expects_continue));
  framing.close = close_after_;
  framing.date = context_.date.text(context_.loop.wall_now());
  framing.additions = additions();
  H1Writer out = client_->out.head_writer();
  write_response_head(out, response_, framing);
  if (out.overflown()) return answer(502, RequestEnd::BackendFailed, "a head too large");
  client_->out.put_head(out.written(), framing.body, close_after_);
  backend_in_->begin_body(response_.body, response_.length, limits().header_size);
  response_begun_ = true;
  return Next::On;
}

Exchange::Next Exchange::complete() {
  record_.response_end = elapsed();
  bool reusable = response_.keep_alive && request_read_ && !request_broken_ &&
                  !backend_out_->has_unsent() && backend_in_->untouched() &&
                  response_.body != BodyKind::UntilClose && reuses_backends();
  release_backend(reusable);
  close_after_ = close_after_ || !request_read_;
  record_.end = RequestEnd::Complete;
  phase_ = Phase::Finish;
  latest_ = Instant::max();  // what is left is the client's reading, which has its own limit
  return Next::On;
}

// Before a byte of the response has come.
Exchange::Next Exchange::backend_lost(std::string_view detail) {
  bool kept = h2_ ? h2_->reused() || backend_in_->unprocessed() : backend_->reused();
  if (kept) context_.metrics.backend_stale.add();
  if (may_send_again()) {
    record_.retried = true;
    request_read_ = request_broken_ = false;
    record_.request_sent = Micros{-1};
    if (kept) {
      // The endpoint may be well: only the connection had been closed while nobody used it.
      fresh_only_ = true;
      release_backend(false);
      return start_attempt();
    }
    return next_endpoint(RequestEnd::BackendFailed, 502, detail);
  }
  return answer(502, RequestEnd::BackendFailed, detail);
}

// RFC 9110 section 9.2.2: what does the same when it is done twice. A body that went to one backend
// is not kept for another.
bool Exchange::may_send_again() const {
  bool harmless = is_idempotent(request_.method) || backend_in_->unprocessed();
  return harmless && !body_begun_ && interims_ == 0 && backend_in_->untouched() &&
         record_.connect_attempts <
             limit(&RouteLimits::connect_attempts, &Limits::connect_attempts);
}

Exchange::Next Exchange::client_lost() {
  detail_ = client_->in.error_text();
  return over(Outcome::Cut, RequestEnd::ClientAborted, detail_);
}

}  // namespace sallyport
