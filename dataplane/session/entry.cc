#include "dataplane/session/entry.h"

#include <cstring>
#include <utility>

#include "dataplane/session/http_session.h"
#include "dataplane/session/stream_session.h"
#include "dataplane/tls/facts.h"
#include "dataplane/wire/postgres_hello.h"
#include "dataplane/wire/proxy_header.h"

namespace sallyport {

namespace {

// A refused client may still be sending; closing on unread bytes would be a reset, and that can
// overtake the alert. So wait for its FIN, but not for long.
constexpr Millis kLinger{1000};

}  // namespace

Entry::Entry(SessionContext& context, Arrival arrival, int descriptor)
    : Session(context, std::move(arrival)) {
  this->arrival().socket = Socket(context.loop, *this, descriptor);
  bool proxied = this->arrival().rules->config.proxy_protocol != ProxyProtocolIn::Off;
  enter("reading the PROXY header", limits().hello_timeout);
  phase_ = Phase::ProxyHeader;
  if (!proxied) expect_hello();
}

void Entry::expect_hello() {
  bool postgres = arrival().rules->config.sslmode.has_value();
  record().doing = postgres ? "reading PostgreSQL's request" : "reading the ClientHello";
  phase_ = postgres ? Phase::Postgres : Phase::Hello;
  need_ = 1;
}

void Entry::advance() {
  for (;;) {
    switch (phase_) {
      case Phase::ProxyHeader:
        if (read_proxy_header() == Look::Settled) return;
        break;
      case Phase::Postgres:
        if (read_postgres() == Look::Settled) return;
        break;
      case Phase::Hello:
        if (read_hello() == Look::Settled) return;
        break;
      case Phase::Linger:
        return linger();
    }
  }
}

void Entry::on_deadline() {
  if (phase_ == Phase::Linger) return finish(refused_);
  reached(Limit::HelloTimeout);
  finish(Reason::HelloTimeout);
}

void Entry::close_streams(Reason) { arrival().socket.close(); }

// False: finished, or waiting for more bytes.
bool Entry::receive() {
  Arrival& a = arrival();
  while (a.received.rest().size() < need_) {
    MutableBytes room = a.received.room();
    if (room.empty()) {
      reached(Limit::HelloSize);
      finish(Reason::HelloTooLarge);
      return false;
    }
    IoResult r = a.socket.read(room);
    if (r.kind == Io::Blocked) {
      if (a.received.empty()) a.received.clear();
      return false;
    }
    if (r.kind != Io::Ok) {
      finish(r.kind == Io::End ? Reason::ClientLeft : Reason::ClientReset);
      return false;
    }
    a.received.produced(r.bytes);
  }
  return true;
}

Entry::Look Entry::read_proxy_header() {
  Arrival& a = arrival();
  const ListenerConfig& listener = a.rules->config;
  bool trusted = trusts_proxy(listener, record().peer);
  if (!trusted && listener.proxy_protocol == ProxyProtocolIn::Required) {
    finish(Reason::ProxyHeaderUntrusted);
    return Look::Settled;
  }
  if (!receive()) return Look::Settled;

  ProxyHeader header;
  size_t used = 0;
  ProxyStatus status = parse_proxy_header(a.received.rest(), header, used);
  switch (status) {
    case ProxyStatus::NeedMore:
      need_ = a.received.rest().size() + 1;
      return Look::Again;
    case ProxyStatus::Malformed:
      finish(Reason::ProxyHeaderMalformed);
      return Look::Settled;
    case ProxyStatus::Absent:
      if (listener.proxy_protocol == ProxyProtocolIn::Required) {
        finish(Reason::ProxyHeaderMissing);
        return Look::Settled;
      }
      break;
    case ProxyStatus::Complete:
      if (!trusted) {
        finish(Reason::ProxyHeaderUntrusted);
        return Look::Settled;
      }
      a.received.consumed(used);
      if (!header.local && header.source.valid()) {
        record().client = header.source;
        a.destination = header.destination;
      }
      break;
  }
  if (trusted && context().clients.name_client(record().client, limits(), a.ticket) !=
                     Reason::Closed) {
    reached(Limit::ConnectionsPerClient);
    finish(Reason::OverConnectionsPerClient);
    return Look::Settled;
  }
  if (listener.protocol == Protocol::Tcp) {
    go_on(nullptr, a.rules->service);
    return Look::Settled;
  }
  if (listener.protocol == Protocol::Http) {
    hand_on(std::make_unique<HttpSession>(context(), std::move(arrival()), nullptr));
    return Look::Settled;
  }
  expect_hello();
  return Look::Again;
}

Entry::Look Entry::read_postgres() {
  if (!receive()) return Look::Settled;
  Bytes received = arrival().received.rest();
  PostgresHello said = parse_postgres_hello(received);
  switch (said) {
    case PostgresHello::NeedMore:
      need_ = received.size() + 1;
      return Look::Again;
    case PostgresHello::SslRequest:
      return answer_postgres('S');
    case PostgresHello::GssRequest:
      if (std::exchange(refused_gss_, true)) break;
      return answer_postgres('N');
    case PostgresHello::Tls:
      phase_ = Phase::Hello;
      return Look::Again;
    case PostgresHello::InTheClear:
      serve_in_the_clear();
      return Look::Settled;
    case PostgresHello::Malformed:
      break;
  }
  finish(Reason::NotTls);
  return Look::Settled;
}

Entry::Look Entry::answer_postgres(char answer) {
  Arrival& a = arrival();
  // What came along was said before there was TLS, by whomever (CVE-2021-23214).
  if (a.received.rest().size() != kPostgresRequestSize) {
    finish(Reason::HelloMalformed);
    return Look::Settled;
  }
  a.received.consumed(kPostgresRequestSize);
  auto byte = static_cast<uint8_t>(answer);
  if (a.socket.write({&byte, 1}).kind != Io::Ok) {
    finish(Reason::ClientReset);
    return Look::Settled;
  }
  need_ = 1;
  if (answer == 'S') {
    record().doing = "reading the ClientHello";
    phase_ = Phase::Hello;
  }
  return Look::Again;
}

// Without TLS there is no name to choose a site by, and no certificate.
void Entry::serve_in_the_clear() {
  Arrival& a = arrival();
  SslMode mode = *a.rules->config.sslmode;
  const Site* site = a.rules->sites.find("").site;
  bool allowed = mode == SslMode::Allow || mode == SslMode::Prefer;
  if (!allowed || !site || site->asks_clients) {
    return refuse(Reason::NotTls, as_bytes(postgres_error("28000", "TLS is required here")));
  }
  record().site = site->name;
  record().scenario = site->scenario;
  record().routed = true;
  if (site->service->endpoints().empty()) {
    record().service = site->service->name();
    return refuse(Reason::NoEndpoint, as_bytes(postgres_error("08006", "no endpoint")));
  }
  a.in_the_clear = true;
  go_on(site, site->service);
}

Entry::Look Entry::read_hello() {
  if (!receive()) return Look::Settled;
  ClientHello hello;
  switch (parse_client_hello(arrival().received.rest(), limits().hello_size, hello, need_)) {
    case HelloStatus::NeedMore:
      return Look::Again;
    case HelloStatus::Complete:
      record().hello = since_start();
      route(hello);
      return Look::Settled;
    case HelloStatus::NotTls:
      finish(Reason::NotTls);
      return Look::Settled;
    case HelloStatus::TooLarge:
      reached(Limit::HelloSize);
      refuse(Reason::HelloTooLarge, kAlertDecodeError);
      return Look::Settled;
    case HelloStatus::Malformed:
      refuse(Reason::HelloMalformed, kAlertDecodeError);
      return Look::Settled;
  }
  return Look::Settled;
}

void Entry::route(const ClientHello& hello) {
  record().sni = hello.sni();
  record().alpn = hello.alpn_text();
  SiteTable::Found found = arrival().rules->sites.find(hello.sni());
  if (!found.site) {
    return refuse(hello.sni().empty() ? Reason::NoSni : Reason::UnknownSni, kAlertUnrecognizedName);
  }
  record().site = found.site->name;
  record().scenario = found.site->scenario;
  record().routed = true;
  if (found.site->tls && arrival().rules->config.protocol == Protocol::Https) {
    return hand_on(std::make_unique<HttpSession>(context(), std::move(arrival()), found.site));
  }
  if (found.site->respond != 0) return refuse(Reason::SiteRefuses, kAlertAccessDenied);
  if (found.site->service->endpoints().empty()) {
    record().service = found.site->service->name();
    return refuse(Reason::NoEndpoint, kAlertInternalError);
  }
  go_on(found.site, found.site->service);
}

void Entry::go_on(const Site* site, const std::shared_ptr<const Service>& service) {
  hand_on(std::make_unique<StreamSession>(context(), std::move(arrival()), site, *service));
}

void Entry::refuse(Reason reason, uint8_t alert) { refuse(reason, AlertRecord(alert).bytes); }

void Entry::refuse(Reason reason, Bytes last_words) {
  // A few bytes into an unused connection: they fit, or it has failed anyway.
  arrival().socket.write(last_words);
  arrival().socket.shutdown_write();
  arrival().received.clear();
  refused_ = reason;
  phase_ = Phase::Linger;
  postpone(kLinger);
  linger();
}

void Entry::linger() {
  for (;;) {
    IoResult r = arrival().socket.read({context().scratch.plain, Scratch::kChunk});
    if (r.kind == Io::Blocked) return;
    if (r.kind != Io::Ok) return finish(refused_);
  }
}

}  // namespace sallyport
