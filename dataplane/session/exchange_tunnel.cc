// An exchange whose connection became a tunnel by a 101: bytes both ways, until both have ended.
#include "dataplane/session/exchange.h"

namespace sallyport {

Exchange::Next Exchange::begin_tunnel() {
  if (!upgrade_sent_) {
    return answer(502, RequestEnd::BackendFailed, "a 101 that nobody asked for");
  }
  H1Writer out = client_->out.head_writer();
  write_upgrade_head(out, response_, additions());
  if (out.overflown()) return answer(502, RequestEnd::BackendFailed, "a head too large");
  client_->out.put_head(out.written(), BodyKind::None);
  response_begun_ = close_after_ = record_.upgraded = true;
  to_backend_.emplace(client_->stream, backend_->stream(), context_.scratch, context_.pipes);
  to_client_.emplace(backend_->stream(), client_->stream, context_.scratch, context_.pipes);
  client_->in.take_rest(to_backend_->waiting());
  backend_in_->take_rest(to_client_->waiting());
  context_.metrics.http.tunnels_open.add();
  phase_ = Phase::Tunnel;
  wait("relaying the upgraded connection",
       limit(&RouteLimits::tunnel_idle_timeout, &Limits::tunnel_idle_timeout));
  return client_->out.flush() == Step::Failed ? client_lost() : Next::On;
}

Exchange::Next Exchange::tunnel() {
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
