// An exchange that became a tunnel, by a 101 or by the 200 to an extended CONNECT: bytes both ways,
// until both have ended.
#include "dataplane/session/exchange.h"

#include <algorithm>

namespace sallyport {

namespace {

const Field* find(const FieldList& fields, std::string_view name) {
  for (const Field& field : fields.all()) {
    if (same_name(field.name, name)) return &field;
  }
  return nullptr;
}

}  // namespace

// Whether a backend takes a CONNECT is in its first SETTINGS, which come after ours have gone.
Exchange::Next Exchange::settle() {
  if (h2_->closed()) return backend_lost("the backend ended before its settings");
  return h2_->settled() ? begin_relay() : Next::Wait;
}

WebSocketKey Exchange::websocket_key() const { return sallyport::websocket_key(own_id_.view()); }

// To a client that has made no key, nobody but we can say whether the backend has understood.
bool Exchange::accepts_websocket() const {
  if (client_->version == 1 || h2_) return true;
  const Field* said = find(response_.fields, "Sec-WebSocket-Accept");
  return said && said->value == websocket_accept(websocket_key().view()).view();
}

Exchange::Next Exchange::begin_tunnel() {
  if (!upgrade_sent_) {
    return answer(502, RequestEnd::BackendFailed, "a 101 that nobody asked for");
  }
  if (!accepts_websocket()) {
    return answer(502, RequestEnd::BackendFailed, "a 101 with another Sec-WebSocket-Accept");
  }
  std::string_view upgrade = h2_ ? upgrade_of(request_) : response_.upgrade;
  const Field* key = h2_ ? find(request_.fields, "Sec-WebSocket-Key") : nullptr;
  WebSocketAccept accept = websocket_accept(key ? key->value : "");
  H1Writer out = client_->out.head_writer();
  write_upgrade_head(out, response_, upgrade, key ? accept.view() : "", additions());
  if (out.overflown()) return answer(502, RequestEnd::BackendFailed, "a head too large");
  client_->out.put_head(out.written(), BodyKind::None, false);
  response_begun_ = close_after_ = record_.upgraded = true;
  record_.status = client_->version == 2 ? 200 : 101;
  if (client_->version == 1 && !h2_) {
    to_backend_.emplace(client_->stream, backend_->stream(), context_.scratch, context_.pipes);
    to_client_.emplace(backend_->stream(), client_->stream, context_.scratch, context_.pipes);
    client_->in.take_rest(to_backend_->waiting());
    backend_in_->take_rest(to_client_->waiting());
  }
  context_.metrics.http.tunnels_open.add();
  phase_ = Phase::Tunnel;
  wait("relaying the upgraded connection",
       limit(&RouteLimits::tunnel_idle_timeout, &Limits::tunnel_idle_timeout));
  if (client_->out.flush() == Step::Failed) return client_lost();
  if (to_backend_) return Next::On;
  client_->in.begin_tunnel();
  client_->out.begin_tunnel();
  backend_in_->begin_tunnel();
  backend_out_->begin_tunnel();
  return Next::On;
}

Exchange::Next Exchange::tunnel() { return to_backend_ ? pump_tunnel() : stream_tunnel(); }

// Where a side is a stream of HTTP/2.
Exchange::Next Exchange::stream_tunnel() {
  size_t budget = limits().turn_bytes;
  uint64_t before = record_.request_body_bytes + record_.response_body_bytes;
  Passed out = pass(client_->in, *backend_out_, client_ended_, record_.request_body_bytes, budget);
  Passed in = pass(*backend_in_, client_->out, backend_ended_, record_.response_body_bytes, budget);
  record_.backend_body_bytes = record_.response_body_bytes;
  if (out == Passed::Ended && in == Passed::Ended) {
    return over(Outcome::Close, RequestEnd::Tunnelled, {});
  }
  // What a broken side sent before it broke has been delivered, or nobody takes it any more.
  if (in >= Passed::ReadBroken || out == Passed::ReadBroken ||
      (out == Passed::WriteBroken && in == Passed::Ended)) {
    bool client = out == Passed::ReadBroken || in == Passed::WriteBroken;
    detail_ = (client ? client_->in : *backend_in_).error_text();
    return over(Outcome::Cut, RequestEnd::TunnelBroken, detail_);
  }
  if (out == Passed::More || in == Passed::More) {
    reached(Limit::TurnBytes);
    context_.loop.post(client_->task);
  }
  if (record_.request_body_bytes + record_.response_body_bytes != before) progress();
  return Next::Wait;
}

Exchange::Passed Exchange::pass(MessageInput& from, MessageOutput& to, bool& ended, uint64_t& bytes,
                                size_t& budget) {
  for (;;) {
    if (to.has_unsent()) {
      Step step = to.resume();
      if (step == Step::Failed) return Passed::WriteBroken;
      if (step == Step::Blocked) return Passed::Waiting;
    }
    if (ended) return Passed::Ended;
    if (budget == 0) return Passed::More;
    MessageInput::Body body = from.read_body(Scratch::kChunk);
    if (body.kind == MessageInput::Body::Kind::Waiting) return Passed::Waiting;
    if (body.kind != MessageInput::Body::Kind::Data) return Passed::ReadBroken;
    bytes += body.data.size();
    budget -= std::min(budget, body.data.size());
    ended = body.end;
    Step step = to.send_body(body.data, body.end, nullptr);
    from.settle();
    if (step == Step::Failed) return Passed::WriteBroken;
  }
}

Exchange::Next Exchange::pump_tunnel() {
  size_t budget = limits().turn_bytes;
  uint64_t before = to_backend_->bytes() + to_client_->bytes();
  PumpState out = to_backend_->turn(budget, to_client_->state() == PumpState::Finished);
  PumpState in = to_client_->turn(budget, out == PumpState::Finished);
  record_.request_body_bytes = to_backend_->bytes();
  record_.response_body_bytes = record_.backend_body_bytes = to_client_->bytes();
  if (out == PumpState::Finished && in == PumpState::Finished) {
    return over(Outcome::Close, RequestEnd::Tunnelled, {});
  }
  bool out_failed = out >= PumpState::ReadFailed;
  bool in_failed = in >= PumpState::ReadFailed;
  // What a broken side sent before it broke is delivered first.
  bool draining = (out == PumpState::WriteFailed && !in_failed && in != PumpState::Finished) ||
                  (in == PumpState::WriteFailed && !out_failed && out != PumpState::Finished);
  if ((out_failed || in_failed) && !draining) {
    bool client = out == PumpState::ReadFailed || in == PumpState::WriteFailed ||
                  out == PumpState::Truncated;
    detail_ = (client ? client_->stream : backend_->stream()).error_text();
    return over(Outcome::Cut, RequestEnd::TunnelBroken, detail_);
  }
  if (out == PumpState::More || in == PumpState::More) {
    reached(Limit::TurnBytes);
    context_.loop.post(client_->task);
  }
  if (to_backend_->bytes() + to_client_->bytes() != before) progress();
  return Next::Wait;
}

}  // namespace sallyport
