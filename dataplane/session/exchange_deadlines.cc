// How long an exchange waits for each of its steps, and what it does when that is over.
#include "dataplane/session/exchange.h"

#include <algorithm>

namespace sallyport {

namespace {

// Deadlines that a client may let pass without taking anything.
constexpr uint8_t kStallsMost = 2;

}  // namespace

void Exchange::wait(const char* doing, Millis most) {
  record_.doing = doing;
  deadline_.arm(std::min(context_.loop.now() + Micros(most), latest_));
}

// Something has moved: how long until the next thing has to.
void Exchange::progress() {
  Millis most = limit(&RouteLimits::response_idle_timeout, &Limits::response_idle_timeout);
  if (phase_ == Phase::Tunnel) {
    most = limit(&RouteLimits::tunnel_idle_timeout, &Limits::tunnel_idle_timeout);
  } else if (!response_begun_ && request_read_) {
    most = limit(&RouteLimits::response_timeout, &Limits::response_timeout);
  } else if (!response_begun_) {
    most = limit(&RouteLimits::body_timeout, &Limits::body_timeout);
  }
  deadline_.arm(std::min(context_.loop.now() + Micros(most), latest_));
}

void Exchange::push_held_back() {
  push_.disarm();
  if (h1_out_) h1_out_->push();
}

Exchange::Next Exchange::on_deadline() {
  // Before a request is understood nobody knows what an answer to it has to look like.
  bool answerable = phase_ != Phase::Decide && phase_ != Phase::Finish;
  if (context_.loop.now() >= latest_ && answerable) {
    reached(Limit::RequestTimeout);
    return answer(504, RequestEnd::TimedOut, "the exchange took longer than request_timeout");
  }
  switch (phase_) {
    case Phase::Over:
    case Phase::Decide: return Next::On;
    case Phase::Queue:
      return answer(504, RequestEnd::BackendTimedOut, "no connection to the backend in time");
    case Phase::Connect:
      reached(Limit::ConnectTimeout);
      context_.metrics.connect_failures.add();
      return next_endpoint(RequestEnd::BackendTimedOut, 504, "no answer");
    case Phase::BackendHandshake:
      reached(Limit::HandshakeTimeout);
      context_.metrics.tls.backend_failed(HandshakeError::Timeout);
      return next_endpoint(RequestEnd::BackendTimedOut, 504, "no TLS handshake in time");
    case Phase::Settle:
      return next_endpoint(RequestEnd::BackendTimedOut, 504, "no SETTINGS in time");
    case Phase::Tunnel:
      reached(Limit::TunnelIdleTimeout);
      return over(Outcome::Cut, RequestEnd::TunnelBroken, "tunnel_idle_timeout");
    case Phase::Finish:
    case Phase::Relay: break;
  }
  if (client_has_unsent()) {
    // A slow reader makes no edge while the kernel's buffer for it drains; as long as that does,
    // it is there.
    size_t left = client_->out.unacknowledged();
    // It may drain in steps as large as a segment, which a slow reader takes his time for.
    bool drains = left < unacknowledged_;
    stalls_ = drains ? uint8_t{0} : static_cast<uint8_t>(stalls_ + 1);
    unacknowledged_ = left;
    if (stalls_ < kStallsMost) {
      progress();
      return Next::Wait;
    }
    reached(Limit::ResponseIdleTimeout);
    return over(Outcome::Cut, RequestEnd::ClientTimedOut, "the client does not read");
  }
  if (phase_ == Phase::Finish) return Next::On;
  if (!request_read_ && !request_broken_ && !backend_out_->has_unsent()) {
    reached(Limit::BodyTimeout);
    return answer(408, RequestEnd::ClientTimedOut, "the request's body does not come");
  }
  if (!response_begun_) {
    reached(Limit::ResponseTimeout);
    return answer(504, RequestEnd::BackendTimedOut, "no response in time");
  }
  reached(Limit::ResponseIdleTimeout);
  return over(Outcome::Cut, RequestEnd::BackendTimedOut, "the response does not go on");
}

}  // namespace sallyport
