#include "dataplane/session/session.h"

#include "dataplane/base/check.h"
#include "dataplane/session/entry.h"
#include "dataplane/session/http_session.h"
#include "dataplane/session/stream_session.h"

namespace sallyport {

namespace {

size_t scenario_index(const ConnectionRecord& record) {
  return record.routed ? static_cast<size_t>(record.scenario) : kScenarios - 1;
}

// A client's handshake that came to its end before there was any, as far as it is to be one.
void count_without_handshake(SessionContext& context, const Arrival& arrival, Reason reason) {
  Protocol protocol = arrival.rules->config.protocol;
  if (protocol != Protocol::Https && protocol != Protocol::Tls) return;
  auto failed = [&](HandshakeError error) {
    context.metrics.tls.failed(ClientPolicy::None, error);
  };
  switch (reason) {
    case Reason::HelloTimeout: return failed(HandshakeError::HelloTimeout);
    case Reason::HelloTooLarge: return failed(HandshakeError::HelloTooLarge);
    case Reason::HelloMalformed: return failed(HandshakeError::HelloMalformed);
    case Reason::NotTls: return failed(HandshakeError::NotTls);
    case Reason::UnknownSni: return failed(HandshakeError::UnknownSni);
    case Reason::NoSni: return failed(HandshakeError::NoSni);
    case Reason::SiteRefuses: return failed(HandshakeError::SiteRefuses);
    default: return;
  }
}

void write_record(SessionContext& context, Arrival& arrival, Reason reason, bool logged) {
  ConnectionRecord& record = arrival.record;
  record.reason = reason;
  if (reason != Reason::Closed) record.by = side_of(reason);
  record.duration = context.loop.now() - arrival.started;
  size_t scenario = scenario_index(record);
  WorkerMetrics& m = context.metrics;
  m.ended[scenario][static_cast<size_t>(reason)].add();
  m.open.subtract();
  if (reason == Reason::ClientKeyUpdate) m.kernel_tls[0].key_updates.add();
  if (reason == Reason::BackendKeyUpdate) m.kernel_tls[1].key_updates.add();
  count_without_handshake(context, arrival, reason);
  if (logged) context.log.record(record);
}

}  // namespace

Session::Session(SessionContext& context, Arrival arrival)
    : context_(context),
      arrival_(std::move(arrival)),
      deadline_(context.loop.deadlines(), *this) {
  context.sessions.push_back(*this);
}

void Session::turn() {
  if (finished_) return;
  if (deadline_.expired()) {
    on_deadline();
  } else {
    advance();
  }
}

void Session::finish(Reason reason) {
  if (finished_) return;
  close_streams(reason);
  write_record(context_, arrival_, reason, logged_);
  bury();
}

void Session::hand_on(std::unique_ptr<Session> next) {
  bury();
  next.release()->turn();  // owns itself from here on, as every session does until it is buried
}

void Session::bury() {
  DCHECK(!finished_);
  finished_ = true;
  deadline_.disarm();
  ListLink<SessionList>::unlink();
  context_.loop.bury(std::unique_ptr<Task>(this));
}

bool trusts_proxy(const ListenerConfig& listener, const Address& peer) {
  switch (listener.proxy_protocol) {
    case ProxyProtocolIn::Off: return false;
    case ProxyProtocolIn::Optional: return contains(listener.trusted_networks, peer);
    case ProxyProtocolIn::Required:
      return listener.trusted_networks.empty() || contains(listener.trusted_networks, peer);
  }
  return false;
}

void begin_session(SessionContext& context, Generation& generation, const ListenerRules& rules,
                   int descriptor, const Address& peer) {
  Arrival arrival(context.scratch.blocks);
  arrival.snapshot = GenerationRef(context, generation);
  arrival.rules = &rules;
  arrival.started = context.loop.now();
  ConnectionRecord& record = arrival.record;
  record.id = static_cast<uint64_t>(context.worker) << 48 | ++context.next_id;
  record.start = context.loop.wall_now();
  record.peer = record.client = peer;
  record.listener = rules.config.name;
  context.metrics.accepted.add();
  context.metrics.open.add();

  // A trusted proxy's own address stands for many clients.
  Address counted = trusts_proxy(rules.config, peer) ? Address() : peer;
  Reason admitted =
      context.clients.admit(counted, generation.snapshot->config.limits, arrival.ticket);
  if (admitted != Reason::Closed) {
    Limit limit = admitted == Reason::OverConnections ? Limit::Connections
                                                      : Limit::ConnectionsPerClient;
    context.metrics.limit_reached[static_cast<size_t>(limit)].add();
    Socket::refuse(descriptor);
    write_record(context, arrival, admitted, true);
    return;
  }
  Protocol protocol = rules.config.protocol;
  bool looks_first = protocol == Protocol::Https || protocol == Protocol::Tls ||
                     rules.config.proxy_protocol != ProxyProtocolIn::Off;
  std::unique_ptr<Session> session;
  if (looks_first) {
    session = std::make_unique<Entry>(context, std::move(arrival), descriptor);
  } else if (protocol == Protocol::Http) {
    session = std::make_unique<HttpSession>(context, std::move(arrival), descriptor);
  } else {
    session = std::make_unique<StreamSession>(context, std::move(arrival), descriptor);
  }
  session.release()->turn();
}

}  // namespace sallyport
