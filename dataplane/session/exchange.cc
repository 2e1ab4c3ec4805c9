#include "dataplane/session/exchange.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/relay/affinity.h"
#include "dataplane/route/path_rewrite.h"
#include "dataplane/session/error_page.h"
#include "dataplane/session/grpc.h"
#include "dataplane/session/handshake.h"
#include "dataplane/session/location.h"
#include "dataplane/tls/facts.h"
#include "dataplane/wire/uri_path.h"

namespace sallyport {

namespace {

constexpr size_t kBodyChunk = Scratch::kChunk;
// For a client that does not keep up: what waits for it then stays small.
constexpr size_t kSlowChunk = 16 * 1024;
// Kept of what comes from a client while nothing is wanted from it.
constexpr size_t kAhead = 16 * 1024;
// Of one exchange: more than any protocol has a use for, few enough to wait for a client.
constexpr uint8_t kInterimsMost = 32;
// Deadlines that a client may let pass without taking anything.
constexpr uint8_t kStallsMost = 2;

}  // namespace

Exchange::Exchange(SessionContext& context)
    : context_(context),
      deadline_(context.loop.deadlines(), *this),
      request_bytes_(context.scratch.blocks),
      path_bytes_(context.scratch.blocks),
      rewritten_(context.scratch.blocks),
      response_bytes_(context.scratch.blocks) {}

Exchange::~Exchange() = default;

void Exchange::begin_common(ExchangeClient& client, Instant started) {
  DCHECK(phase_ == Phase::Over);
  client_ = &client;
  started_ = started;
  latest_ = started + limits().request_timeout;
  own_id_ = context_.request_ids.next();
  understood_ = request_read_ = request_broken_ = body_begun_ = fresh_only_ = false;
  response_begun_ = slow_client_ = close_after_ = upgrade_sent_ = false;
  interims_ = 0;
  unacknowledged_ = 0;
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
  Next next = deadline_.expired() ? on_deadline() : Next::On;
  while (next == Next::On) {
    switch (phase_) {
      case Phase::Over: next = Next::Over; break;
      case Phase::Decide: next = decide_it(); break;
      case Phase::Queue:
        context_.exchanges.backends().stop_waiting(client_->task);
        next = start_attempt();
        break;
      case Phase::Connect: next = connect_it(); break;
      case Phase::BackendHandshake: next = shake_hands(); break;
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

// Decide

Exchange::Next Exchange::decide_it() {
  H1Fault fault = parse_request_head(request_bytes_.rest(), limits().header_count, request_);
  if (fault != H1Fault::None) {
    close_after_ = true;
    if (fault == H1Fault::TooManyFields) reached(Limit::HeaderCount);
    context_.metrics.http.requests_refused[static_cast<size_t>(fault)].add();
    uint16_t status = status_of(fault);
    return answer(status, status == 431 ? RequestEnd::TooLarge : RequestEnd::BadRequest,
                  text(fault));
  }
  understood_ = true;
  if (is_grpc(request_.fields)) {
    std::optional<Micros> most = grpc_timeout(request_.fields);
    if (most) latest_ = std::min(latest_, started_ + *most);
  }
  client_->in.begin_body(request_.body, request_.length, limits().header_size);
  take_host();
  if (!take_path()) return Next::On;
  forwarded_ = forwarded_of(request_, http(), record_.client, client_->facts.site != nullptr,
                            client_->port, own_id_.view());
  record_.request_id = forwarded_.request_id;
  record_.client = forwarded_.client;

  Decision decision = decide(request_.method, host_name_, path_, client_->facts, sender());
  decision_ = decision.kind;
  error_page_ = decision.error_page;
  site_ = decision.site;
  route_ = decision.route;
  if (route_) record_.route = route_->path;
  if (site_) {
    record_.site = site_->name;
    record_.scenario = site_->scenario;
    record_.routed = true;
  }
  if (decision.kind != Decision::Kind::Serve) {
    return answer(decision.status, decision.end, decision.detail);
  }
  identity_ = decision.identity;
  if (identity_) record_.client_subject = identity_->subject;
  treatment_ = route_->treatment.get();
  body_limit_ = site_->body_size;
  if (treatment_) body_limit_ = treatment_->limits.body_size.value_or(body_limit_);
  if (body_limit_ > 0 && request_.body == BodyKind::Length && request_.length > body_limit_) {
    reached(Limit::BodySize);
    return answer(413, RequestEnd::TooLarge, "the body is longer than body_size");
  }
  if (treatment_ && treatment_->rewrites && !rewrite()) return Next::On;
  service_ = route_->service.get();
  record_.service = service_->name();
  return start_attempt();
}

Sender Exchange::sender() const {
  Sender sender;
  sender.client = &forwarded_.client;
  if (!forwarded_.trusted) return sender;
  const Field* scheme = request_.fields.find(FieldName::XForwardedProto);
  sender.tls_before = scheme && same_name(scheme->value, "https");
  return sender;
}

// False: it has been answered.
bool Exchange::rewrite() {
  RewriteStatus status = rewrite_path(*route_, path_, request_.query, rewritten_, path_);
  if (status == RewriteStatus::Ok) return true;
  answer(400, RequestEnd::BadRequest, text(status));
  return false;
}

// The parser has left nothing in it but what names have. What is longer than any name is none.
void Exchange::take_host() {
  std::string_view host = request_.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > sizeof host_) host = {};
  for (size_t i = 0; i < host.size(); ++i) {
    char c = host[i];
    host_[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  host_name_ = {host_, host.size()};
  record_.method = request_.method_text;
  record_.host = host_name_;
  record_.path = request_.path;
  if (request_.path.data() + request_.path.size() == request_.query.data()) {
    // They lie side by side in the head.
    record_.path = {request_.path.data(), request_.path.size() + request_.query.size()};
  } else if (!request_.query.empty()) {
    // An absolute target without a path, whose "/" is not in the head.
    path_bytes_.clear();
    path_bytes_.append(as_bytes(request_.path));
    path_bytes_.append(as_bytes(request_.query));
    record_.path = as_text(Bytes(path_bytes_.rest()));
  }
  record_.protocol = request_.minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  if (client_->version == 2) record_.protocol = "HTTP/2.0";
  if (const Field* f = request_.fields.find(FieldName::UserAgent)) record_.user_agent = f->value;
  if (const Field* f = request_.fields.find(FieldName::Referer)) record_.referer = f->value;
  if (const Field* f = request_.fields.find(FieldName::XForwardedFor)) {
    record_.x_forwarded_for = f->value;
  }
}

// False: it has been answered.
bool Exchange::take_path() {
  path_ = request_.path;
  bool keep_slashes = http().encoded_slashes == EncodedSlashes::Keep;
  if (path_ == "*" || path_ == "/" || !http().normalize_paths ||
      (keep_slashes && is_normal_path(path_))) {
    return true;
  }
  // Never longer than it was: what was in front of it leaves room enough.
  path_bytes_.clear();
  path_bytes_.append(as_bytes(path_));
  size_t size = 0;
  PathStatus status =
      normalize_path(request_.path, keep_slashes ? EncodedSlash::Keep : EncodedSlash::Refuse,
                     path_bytes_.rest(), size);
  if (status != PathStatus::Ok) {
    answer(400, RequestEnd::BadRequest, text(status));
    return false;
  }
  path_ = as_text(Bytes(path_bytes_.rest())).substr(0, size);
  return true;
}

// Connect

Exchange::Next Exchange::start_attempt() {
  endpoint_ = pick_endpoint();
  if (!endpoint_) {
    return answer(503, RequestEnd::NoEndpoint, "the service has no endpoint");
  }
  record_.endpoint = endpoint_->address;
  H2Backends& shared = context_.exchanges.backends();
  bool multiplexed = multiplexes();
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
  while (!multiplexed && !fresh_only_ && reuses_backends()) {
    std::unique_ptr<BackendConnection> kept = context_.backends.take(*service_, *endpoint_);
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
  use(context_.backends.make(*service_, *endpoint_));
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
  backend_out_ = &h1_out_.emplace(backend_->stream(), context_.scratch);
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
                      record_.sni, client_->stream, identity_);
  }
  if (!service_->tls()) return begin_on_backend();
  SslPtr ssl = service_->tls()->new_ssl(endpoint_->name, context_.worker);
  if (!ssl) {
    return answer(502, RequestEnd::ConnectFailed, "cannot set up verification of the backend");
  }
  backend_->stream().start_tls(std::move(ssl));
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
    count_handshake(context_.metrics, Side::Backend, tls_facts(stream));
    return begin_on_backend();
  }
  context_.metrics.handshake_failures[1].add();
  detail_ = handshake_failure(stream).detail;
  return next_endpoint(RequestEnd::ConnectFailed, 502, detail_);
}

// HTTP/2 is meant to be spoken, unless a handshake chose otherwise.
bool Exchange::multiplexes() const {
  switch (service_->protocol()) {
    case BackendProtocol::Http1: return false;
    case BackendProtocol::Http2: return true;
    case BackendProtocol::Auto: break;
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
  std::make_unique<H2Backend>(shared, context_.loop, context_.scratch,
                              std::move(backend_->stream()), *service_, *endpoint_,
                              H2Backend::Settings{limits().header_size,
                                                  limits().backend_idle_timeout})
      .release();
  context_.loop.bury(std::move(backend_));
  bool there = use_shared();
  stop_connecting();
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
  release_backend(false);
  uint32_t most = limit(&RouteLimits::connect_attempts, &Limits::connect_attempts);
  if (record_.connect_attempts < most && tried_.size() < service_->endpoints().size()) {
    return start_attempt();
  }
  if (tried_.size() < service_->endpoints().size()) reached(Limit::ConnectAttempts);
  return answer(status, end, detail);
}

// Relay

Exchange::Next Exchange::begin_relay() {
  record_.connected = elapsed();
  if (!record_.reused_connection) context_.metrics.backend_opened.add();
  H1Writer out = backend_out_->head_writer();
  write_request_head(out, {request_, path_, forwarded_, http(), identity_, treatment_,
                           !rewritten_.empty()});
  if (out.overflown()) {
    return answer(431, RequestEnd::TooLarge, "the head is too large with what is added to it");
  }
  upgrade_sent_ = !h2_ && !upgrade_of(request_).empty();
  backend_out_->put_head(out.written(), request_.body);
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
    MessageInput::Body body = client_->in.read_body(kBodyChunk);
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
    budget -= std::min(budget, body.data.size());
    body_begun_ |= !body.data.empty();
    request_read_ = body.end;
    if (backend_out_->send_body(body.data, body.end, &client_->in.trailers()) == Step::Failed) {
      request_broken_ = true;
    }
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
    if (client.has_unsent()) {
      Step step = client.resume();
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
    MessageInput::Body body = backend_in_->read_body(slow_client_ ? kSlowChunk : kBodyChunk);
    switch (body.kind) {
      case MessageInput::Body::Kind::Data: break;
      case MessageInput::Body::Kind::Waiting:
        return client_->out.flush() == Step::Failed ? client_lost() : Next::Wait;
      case MessageInput::Body::Kind::Truncated:
        return response_broken("the backend ended amid the response");
      case MessageInput::Body::Kind::Failed:
        detail_ = backend_in_->error_text();
        return response_broken(detail_);
      case MessageInput::Body::Kind::Refused:
        return response_refused(body.fault);
    }
    progress();
    record_.backend_body_bytes += body.data.size();
    record_.response_body_bytes += body.data.size();
    budget -= std::min(budget, body.data.size());
    const FieldList& trailers = backend_in_->trailers();
    if (client_->out.send_body(body.data, body.end,
                               request_.takes_trailers ? &trailers : nullptr) == Step::Failed) {
      return client_lost();
    }
    if (body.end) return complete();
  }
}

Exchange::Next Exchange::read_response_head() {
  for (;;) {
    MessageInput::Head head = backend_in_->read_head(response_bytes_, limits().header_size);
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
      case MessageInput::Head::Kind::Refused:
        return response_refused(head.fault);
    }
    progress();
    H1Fault fault = parse_response_head(response_bytes_.rest(), FieldList::kMost, request_.method,
                                        response_);
    if (fault != H1Fault::None) return response_refused(fault);
    if (response_.status >= 200 || response_.status == 101) return begin_response();
    if (++interims_ > kInterimsMost) {
      return answer(502, RequestEnd::BackendFailed, "interim responses without end");
    }
    if (request_.minor == 0) continue;  // RFC 9110 section 15.2
    H1Writer out = client_->out.head_writer();
    write_interim_head(out, response_);
    if (out.overflown()) return answer(502, RequestEnd::BackendFailed, "a head too large");
    client_->out.put_head(out.written(), BodyKind::None);
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
  if (response_.status == 101) return begin_tunnel();
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
  client_->out.put_head(out.written(), framing.body);
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
  return harmless && !body_begun_ && interims_ == 0 &&
         backend_in_->untouched() &&
         record_.connect_attempts <
             limit(&RouteLimits::connect_attempts, &Limits::connect_attempts);
}

Exchange::Next Exchange::client_lost() {
  detail_ = client_->in.error_text();
  return over(Outcome::Cut, RequestEnd::ClientAborted, detail_);
}

void Exchange::release_backend(bool reusable) {
  stop_connecting();
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

// Tunnel

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

// Answer

Exchange::Next Exchange::answer(uint16_t status, RequestEnd end, std::string_view detail) {
  if (response_begun_) return over(Outcome::Cut, end, detail);
  if (phase_ == Phase::Queue) context_.exchanges.backends().stop_waiting(client_->task);
  release_backend(false);
  client_->in.settle();
  // What is left of the request's body is not waited for.
  request_read_ = understood_ && client_->in.body_ended();
  close_after_ = close_after_ || !request_read_ || client_->last || context_.draining ||
                 !request_.keep_alive;
  record_.status = status_of_page(status);
  record_.end = end;
  record_.detail = detail;
  response_begun_ = true;
  phase_ = Phase::Finish;
  latest_ = Instant::max();  // it may be over already
  wait("answering", limits().response_idle_timeout);
  return write_answer(status) == Step::Failed ? client_lost() : Next::On;
}

// A call that failed is told so in gRPC's own words: a response without messages.
Step Exchange::write_grpc_answer(uint16_t code) {
  record_.status = 200;
  H1Writer out = client_->out.head_writer();
  out.status_line(200, reason_phrase(200));
  out.put("Content-Type: application/grpc\r\n");
  out.field("Grpc-Status", grpc_status(code));
  out.field("Grpc-Message", reason_phrase(status_of_page(code)));
  out.field("Date", context_.date.text(context_.loop.wall_now()));
  out.field("X-Request-ID", record_.request_id);
  out.put("\r\n");
  client_->out.put_head(out.written(), BodyKind::None);
  return client_->out.send_body({}, true, nullptr);
}

Step Exchange::write_answer(uint16_t code) {
  if (client_->version == 2 && understood_ && code >= 400 && is_grpc(request_.fields)) {
    return write_grpc_answer(code);
  }
  MutableBytes page{context_.scratch.plain, kErrorPageMost};
  PageType type = understood_ ? page_type(request_.fields) : PageType::Text;
  bool redirect = code < 400;
  size_t size = redirect ? 0 : write_error_page(page, type, code, record_.request_id);
  H1Writer out = client_->out.head_writer();
  out.status_line(record_.status, reason_phrase(record_.status));
  std::string_view hsts = additions().hsts;
  if (!hsts.empty()) out.field("Strict-Transport-Security", hsts);
  if (redirect) {
    out.put("Location: ");
    write_location(out, {decision_, *site_, route_, error_page_, request_, host_name_, path_});
    out.put("\r\n");
  } else {
    out.field("Content-Type", content_type(type));
    out.put("Vary: Accept\r\nCache-Control: no-store\r\n");
    if (code == 405) out.put("Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n");
  }
  out.field("Date", context_.date.text(context_.loop.wall_now()));
  out.field("Content-Length", size);
  out.field("X-Request-ID", record_.request_id);
  if (close_after_) {
    out.put("Connection: close\r\n");
  } else if (request_.minor == 0) {
    out.put("Connection: keep-alive\r\n");
  }
  out.put("\r\n");
  DCHECK(!out.overflown());
  client_->out.put_head(out.written(), BodyKind::Length);
  if (understood_ && request_.method == Method::Head) size = 0;
  record_.response_body_bytes = size;
  return client_->out.send_body(page.first(size), true, nullptr);
}

ResponseAdditions Exchange::additions() const {
  ResponseAdditions additions;
  additions.treatment = treatment_;
  additions.tls = client_->facts.site != nullptr;
  // RFC 6797 section 7.2: never in the clear.
  if (site_ && additions.tls) additions.hsts = site_->hsts;
  if (new_cookie_) additions.cookie = own_cookie();
  return additions;
}

// Until the last byte has gone: a client that takes its time is no idle one.
Exchange::Next Exchange::finish() {
  Step step = client_->out.flush();
  if (step == Step::Blocked) return Next::Wait;
  if (step == Step::Failed) return client_lost();
  return over(close_after_ ? Outcome::Close : Outcome::Reusable, record_.end, record_.detail);
}

// The end

Exchange::Next Exchange::over(Outcome outcome, RequestEnd end, std::string_view detail) {
  record_.end = end;
  record_.detail = detail;
  if (phase_ == Phase::Queue) context_.exchanges.backends().stop_waiting(client_->task);
  release_backend(false);
  outcome_ = outcome;
  write_record();
  if (to_backend_) context_.metrics.http.tunnels_open.subtract();
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
  if (phase_ != Phase::Over) over(Outcome::Cut, end, {});
}

// Deadlines

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
      return next_endpoint(RequestEnd::BackendTimedOut, 504, "no TLS handshake in time");
    case Phase::Tunnel:
      reached(Limit::TunnelIdleTimeout);
      return over(Outcome::Cut, RequestEnd::TunnelBroken, "tunnel_idle_timeout");
    case Phase::Finish:
    case Phase::Relay: break;
  }
  if (client_->out.has_unsent()) {
    // A slow reader makes no edge while the kernel's buffer for it drains; as long as that does,
    // it is there.
    size_t left = client_->out.unacknowledged();
    // It may drain in steps as large as a segment, which a slow reader takes his time for.
    bool drains = unacknowledged_ == 0 || left < unacknowledged_;
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

std::unique_ptr<Exchange> ExchangePool::take(SessionContext& context) {
  if (idle_.empty()) return std::make_unique<Exchange>(context);
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange, Loop& loop) {
  if (idle_.size() < kKept) {
    idle_.push_back(std::move(exchange));
  } else {
    loop.bury(std::move(exchange));
  }
}

}  // namespace sallyport
