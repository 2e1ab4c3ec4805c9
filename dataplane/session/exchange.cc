#include "dataplane/session/exchange.h"

#include <limits>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/session/exchange_pool.h"

namespace sallyport {

Exchange::Exchange(SessionContext& context)
    : context_(context),
      deadline_(context.loop.deadlines(), *this),
      push_(context.loop.deadlines(), *this),
      request_bytes_(context.scratch.blocks),
      path_bytes_(context.scratch.blocks),
      rewritten_(context.scratch.blocks),
      waiter_(context.backends),
      response_bytes_(context.scratch.blocks),
      splice_(context.pipes) {}

Exchange::~Exchange() = default;

void Exchange::begin_common(ExchangeClient& client, Instant started) {
  DCHECK(phase_ == Phase::Over);
  client_ = &client;
  started_ = started;
  latest_ = started + limits().request_timeout;
  own_id_ = context_.request_ids.next();
  understood_ = request_read_ = request_broken_ = body_begun_ = fresh_only_ = false;
  response_begun_ = bulk_ = slow_client_ = close_after_ = upgrade_sent_ = false;
  client_ended_ = backend_ended_ = false;
  interims_ = 0;
  unacknowledged_ = std::numeric_limits<size_t>::max();
  stalls_ = 0;
  site_ = nullptr;
  route_ = nullptr;
  treatment_ = nullptr;
  decision_ = Decision::Kind::Refuse;
  new_cookie_ = false;
  identity_ = nullptr;
  service_ = nullptr;
  endpoint_ = nullptr;
  tried_.clear();
  client.out.begin_message();
  context_.metrics.http.in_flight.add();

  const ConnectionRecord& of = client.arrival.record;
  record_ = RequestRecord{};
  record_.connection = of.id;
  record_.request_id = own_id_.view();
  record_.start = context_.loop.wall_now() - elapsed();
  record_.peer = of.peer;
  record_.client = of.client;
  record_.listener = of.listener;
  record_.tls_version = of.tls_version;
  record_.tls_cipher = of.tls_cipher;
  record_.tls_resumed = of.tls_resumed;
  record_.sni = of.sni;
}

void Exchange::begin(ExchangeClient& client, Block head, Instant started) {
  begin_common(client, started);
  request_bytes_ = std::move(head);
  record_.request_head = elapsed();
  record_.request_head_bytes = request_bytes_.rest().size();
  phase_ = Phase::Decide;
}

void Exchange::begin_refused(ExchangeClient& client, H1Fault fault, size_t came, Instant started) {
  begin_common(client, started);
  record_.request_head_bytes = came;
  if (fault == H1Fault::HeadTooLarge) reached(Limit::HeaderSize);
  context_.metrics.http.requests_refused[static_cast<size_t>(fault)].add();
  uint16_t status = status_of(fault);
  close_after_ = true;
  answer(status, status == 431 ? RequestEnd::TooLarge : RequestEnd::BadRequest, text(fault));
}

void Exchange::begin_late(ExchangeClient& client, size_t came, Instant started) {
  begin_common(client, started);
  record_.request_head_bytes = came;
  close_after_ = true;
  answer(408, RequestEnd::ClientTimedOut, "the request's head did not come in time");
}

void Exchange::turn() {
  // What a deadline brings about is done in the client's turn: it may end the client's connection.
  if (phase_ != Phase::Over) context_.loop.post(client_->task);
}

Exchange::Outcome Exchange::advance() {
  DCHECK(phase_ != Phase::Over || outcome_ != Outcome::Going);
  if (push_.expired()) push_held_back();
  Next next = deadline_.expired() ? on_deadline() : Next::On;
  while (next == Next::On) {
    switch (phase_) {
      case Phase::Over: next = Next::Over; break;
      case Phase::Decide: next = decide_it(); break;
      case Phase::Queue:
        if (waiter_.waiting()) {
          next = Next::Wait;
          break;
        }
        context_.exchanges.backends().stop_waiting(client_->task);
        next = start_attempt();
        break;
      case Phase::Connect: next = connect_it(); break;
      case Phase::BackendHandshake: next = shake_hands(); break;
      case Phase::Settle: next = settle(); break;
      case Phase::Relay: next = relay(); break;
      case Phase::Finish: next = finish(); break;
      case Phase::Tunnel: next = tunnel(); break;
    }
  }
  if (next == Next::Over) return outcome_;
  // The scratch memory is the next session's from here on.
  client_->in.settle();
  if (backend_in_) backend_in_->settle();
  return Outcome::Going;
}

// The end

// Until the last byte has gone: a client that takes its time is no idle one.
Exchange::Next Exchange::finish() {
  Step step = client_->out.flush();
  if (step == Step::Blocked) return Next::Wait;
  if (step == Step::Failed) return client_lost();
  return over(close_after_ ? Outcome::Close : Outcome::Reusable, record_.end, record_.detail);
}

Exchange::Next Exchange::over(Outcome outcome, RequestEnd end, std::string_view detail) {
  record_.end = end;
  record_.detail = detail;
  stop_waiting();
  splice_.stop();
  release_backend(false);
  outcome_ = outcome;
  write_record();
  if (record_.upgraded) context_.metrics.http.tunnels_open.subtract();
  to_backend_.reset();
  to_client_.reset();
  request_bytes_.clear();
  path_bytes_.clear();
  rewritten_.clear();
  response_bytes_.clear();
  phase_ = Phase::Over;
  return Next::Over;
}

void Exchange::write_record() {
  record_.duration = elapsed();
  record_.response_head_bytes = client_->out.head_bytes();
  context_.metrics.http.in_flight.subtract();
  context_.metrics.http.count(record_);
  size_t scenario = record_.routed ? static_cast<size_t>(record_.scenario) : kScenarios - 1;
  context_.metrics.bytes_from_client[scenario].add(record_.request_body_bytes);
  context_.metrics.bytes_from_backend[scenario].add(record_.backend_body_bytes);
  if (route_) route_->metrics->of(context_.worker).count(record_);
  if (service_) service_->metrics(context_.worker).count(record_);
  context_.log.record(record_);
}

void Exchange::abandon(RequestEnd end) {
  if (phase_ == Phase::Over) return;
  // A client that has all of it may go without waiting for the backend to hear of its end.
  bool whole = client_ended_ && backend_ended_ && !client_->out.has_unsent();
  over(Outcome::Cut, whole ? RequestEnd::Tunnelled : end, {});
}

}  // namespace sallyport
