#include "tests/sim/session_world.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/wire/proxy_header.h"
#include "tests/sim/data_plane.h"
#include "tests/sim/pki.h"

namespace sallyport::sim {

namespace {

const Address kProxy = Address::v4(0x0a000001, 443);
Address endpoint_address(size_t i) {
  uint8_t six[16] = {0xfd};
  six[15] = static_cast<uint8_t>(i + 1);
  uint16_t port = static_cast<uint16_t>(8000 + i);
  return i % 2 == 0 ? Address::v4(0x0a000100 + static_cast<uint32_t>(i), port)
                    : Address::v6(six, port);
}

int draw_version(Random& random) {
  constexpr std::array kVersions{0, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions[random.below(kVersions.size())];
}

}  // namespace

const char* name(Way way) {
  static constexpr std::array kNames{"passthrough", "offload", "reencrypt", "tcp"};
  return kNames[static_cast<size_t>(way)];
}

Plan Plan::draw(Way way, Manners manners, Random& random) {
  Plan p;
  p.way = way;
  p.manners = manners;
  p.clients = random.size_between(1, 5);
  p.good_endpoints = random.size_between(1, 2);
  p.refusing_endpoints = random.below(3) == 0 ? random.size_between(1, 2) : 0;
  p.silent_endpoints = random.below(4) == 0 ? 1 : 0;
  p.proxy_in = static_cast<ProxyProtocolIn>(random.below(3));
  p.proxy_out = static_cast<ProxyProtocolOut>(random.below(3));
  p.backend_tls = way == Way::Reencrypt || (way == Way::Tcp && random.coin());
  p.backend_asks_certificate = random.coin();
  if (way == Way::Offload || way == Way::Reencrypt) {
    p.verify_client = static_cast<VerifyClient>(random.below(3));
  }
  p.client_version = draw_version(random);
  p.backend_version = draw_version(random);
  p.limits.connect_attempts = 10;
  p.limits.turn_bytes = static_cast<uint32_t>(random.magnitude(1, 512 * 1024));
  p.limits.pipe_memory = random.below(5) * PipePool::kPipeBytes;
  if (manners == Manners::Polite) {
    p.reloads = random.coin();
    return p;
  }
  if (random.below(8) == 0) p.good_endpoints = 0;
  p.backend_is_false = random.below(8) == 0;
  p.limits.connect_attempts = static_cast<uint32_t>(random.between(1, 4));
  p.limits.idle_timeout = Millis(static_cast<int64_t>(random.magnitude(1, 600'000)));
  p.limits.half_closed_timeout = Millis(static_cast<int64_t>(random.magnitude(1, 60'000)));
  p.limits.handshake_timeout = Millis(static_cast<int64_t>(random.magnitude(1, 15'000)));
  p.limits.hello_timeout = Millis(static_cast<int64_t>(random.magnitude(1, 10'000)));
  p.limits.connect_timeout = Millis(static_cast<int64_t>(random.magnitude(1, 5'000)));
  if (random.below(8) == 0) p.limits.connections = 2;
  if (random.below(8) == 0) p.limits.connections_per_client = 1;
  p.reloads = random.coin();
  p.drains = random.below(8) == 0;
  return p;
}

std::string Plan::describe() const {
  return std::string(name(way)) + ", " + std::to_string(clients) + " clients, endpoints " +
         std::to_string(good_endpoints) + " good " + std::to_string(refusing_endpoints) +
         " refusing " + std::to_string(silent_endpoints) + " silent, PROXY in " +
         std::to_string(static_cast<int>(proxy_in)) + " out " +
         std::to_string(static_cast<int>(proxy_out)) + (backend_tls ? ", TLS to backend" : "") +
         (backend_is_false ? " (false)" : "") + (reloads ? ", reloads" : "") +
         (drains ? ", drains" : "");
}

SessionWorld::SessionWorld(Network& network, const Plan& plan)
    : network_(network), plan_(plan), random_(network.random().fork()) {
  make_config();
  make_backends();
  make_clients();
}

SessionWorld::~SessionWorld() = default;

void SessionWorld::make_config() {
  ListenerConfig listener;
  listener.name = "edge";
  listener.address = kProxy;
  listener.protocol = plan_.client_tls() ? Protocol::Tls : Protocol::Tcp;
  listener.proxy_protocol = plan_.proxy_in;
  if (plan_.proxy_in != ProxyProtocolIn::Off) {
    listener.trusted_networks = {*sallyport::Network::parse("192.168.0.0/16")};
  }
  if (plan_.way == Way::Tcp) listener.service = "shop";
  config_.listeners = {listener};

  ServiceConfig service;
  service.name = "shop";
  service.proxy_protocol = plan_.proxy_out;
  size_t endpoints = plan_.good_endpoints + plan_.refusing_endpoints + plan_.silent_endpoints;
  for (size_t i = 0; i < endpoints; ++i) {
    Address at = endpoint_address(i);
    service.endpoints.push_back({at.ip_text(), at.port(), {}});
  }
  if (plan_.backend_tls) {
    service.tls.emplace();
    service.tls->secret = "internal";
    service.tls->name = kBackendName;
    materials_.put("internal", pki().private_ca.secret_of(pki().proxy));
  }
  config_.services = {service};

  if (plan_.client_tls()) {
    SiteConfig site;
    site.hosts = {kSite};
    site.listeners = {"edge"};
    RouteConfig route;
    route.service = "shop";
    site.routes = {route};
    site.scenario = plan_.way == Way::Passthrough ? Scenario::Passthrough
                    : plan_.way == Way::Offload   ? Scenario::Offload
                                                  : Scenario::Reencrypt;
    if (plan_.terminates()) {
      site.secrets = {"shop"};
      site.alpn = {"redis", "amqp"};
      site.client_auth.verify = plan_.verify_client;
      site.client_auth.secret = "partners";
      materials_.put("shop", pki().public_ca.secret_of(pki().site));
      materials_.put("partners", pki().clients_ca.secret_of(pki().client));
    }
    config_.sites = {site};
  }
  config_.limits = plan_.limits;
}

Script SessionWorld::script() {
  return plan_.manners == Manners::Polite ? Script::draw_polite(random_, network_.faults())
                                          : Script::draw(random_, network_.faults());
}

void SessionWorld::make_backends() {
  TlsOptions options;
  options.server = true;
  options.version = plan_.way == Way::Passthrough ? 0 : plan_.backend_version;
  if (plan_.way == Way::Passthrough) {
    options.identity = &pki().site;
    options.alpn = {"redis", "amqp"};
  } else {
    options.identity = plan_.backend_is_false ? &pki().other_backend : &pki().backend;
    if (plan_.backend_asks_certificate) options.trusts = &pki().private_ca;
  }
  backend_tls_ = std::make_unique<TlsContext>(options);

  Opening opening;
  opening.expects_proxy_header = plan_.proxy_out != ProxyProtocolOut::Off;
  Peer::MakeChannel make_channel = [this, opening](End& end,
                                                   Observer& observer) -> std::unique_ptr<Channel> {
    if (plan_.way != Way::Passthrough && !plan_.backend_tls) {
      return std::make_unique<PlainChannel>(end, opening);
    }
    TlsOpening tls;
    tls.opening = opening;
    return std::make_unique<TlsChannel>(network_, end, observer, *backend_tls_, tls);
  };
  // Good, refusing and silent ones in any order, so that failures come first, last and between.
  size_t endpoints = config_.services.front().endpoints.size();
  std::vector<Address> order;
  for (size_t i = 0; i < endpoints; ++i) order.push_back(endpoint_address(i));
  for (size_t i = endpoints; i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  for (size_t i = 0; i < endpoints; ++i) {
    if (i < plan_.good_endpoints) {
      backends_.push_back(std::make_unique<Backend>(
          network_, order[i], [this] { return script(); }, make_channel));
    } else if (i < plan_.good_endpoints + plan_.refusing_endpoints) {
      network_.refuse(order[i]);
    } else {
      network_.blackhole(order[i]);
    }
  }
}

void SessionWorld::make_clients() {
  clients_.resize(plan_.clients);
  for (size_t i = 0; i < clients_.size(); ++i) make_client(i);
}

void SessionWorld::make_client(size_t number) {
  using Fault = Client::Fault;
  Client& client = clients_[number];
  // A few share an IP, which the limit per client is about.
  client.address = Address::v4(0xc0a80001 + static_cast<uint32_t>(number / 2),
                               static_cast<uint16_t>(50'000 + number));
  client.claimed = client.address;
  if (plan_.manners == Manners::Any && random_.below(4) == 0) {
    client.fault = static_cast<Fault>(random_.below(static_cast<size_t>(Fault::NotTls) + 1));
  }
  Opening opening = client_opening(client, number);
  Script does = script();
  // Where a PROXY header may come or not, nothing happens before the first byte: who never sends
  // one and leaves has asked for nothing.
  bool awaited = plan_.way == Way::Tcp && plan_.proxy_in == ProxyProtocolIn::Optional;
  if (awaited && opening.preamble.empty() && plan_.manners == Manners::Polite) {
    does.send = std::max(does.send, Pattern::kHead);
  }
  if (!plan_.client_tls() || client.fault == Fault::NotTls) {
    client.peer = std::make_unique<Peer>(network_, does, [opening](End& end, Observer&) {
      return std::make_unique<PlainChannel>(end, opening);
    });
    return;
  }
  TlsOptions options;
  options.trusts = &pki().public_ca;
  options.name = client.fault == Fault::UnknownName ? "nobody.example.com"
                 : client.fault == Fault::NoName    ? ""
                                                    : kSite;
  options.version = plan_.client_version;
  if (random_.coin()) options.alpn = {client.alpn = random_.coin() ? "redis" : "amqp"};
  if (client.fault == Fault::FalseCertificate) options.identity = &pki().stranger;
  bool shows = plan_.verify_client == VerifyClient::Required || random_.coin();
  if (client.fault != Fault::NoCertificate && !options.identity && shows) {
    options.identity = &pki().client;
  }
  client.tls = std::make_unique<TlsContext>(options);
  TlsOpening tls;
  tls.opening = opening;
  tls.hello_records = random_.coin() ? 1 : random_.size_between(2, 9);
  tls.drips = random_.coin() ? 0 : random_.size_between(1, 600);
  tls.drip_pause = random_.micros(Micros(0), Micros(2'000));
  client.peer = std::make_unique<Peer>(
      network_, does, [this, tls, &context = *client.tls](End& end, Observer& observer) {
        return std::make_unique<TlsChannel>(network_, end, observer, context, tls);
      });
}

Opening SessionWorld::client_opening(Client& client, size_t number) {
  Opening opening;
  bool sends = plan_.proxy_in == ProxyProtocolIn::Required ||
               (plan_.proxy_in == ProxyProtocolIn::Optional && random_.coin());
  if (!sends || client.fault == Client::Fault::NoProxyHeader) return opening;
  client.claimed = Address::v4(0xcb007101 + static_cast<uint32_t>(number),
                               static_cast<uint16_t>(random_.between(1, 65'535)));
  ProxySend send;
  send.source = client.claimed;
  send.destination = Address::v4(0xc6336401, 443);
  opening.preamble.resize(kMaxProxySend);
  size_t size = random_.coin() ? write_proxy_v1(send, opening.preamble)
                               : write_proxy_v2(send, opening.preamble);
  opening.preamble.resize(size);
  return opening;
}

void SessionWorld::call_all() {
  for (Client& client : clients_) {
    client.peer->call(client.address, kProxy, random_.micros(Micros(0), Seconds(2)));
  }
}

void SessionWorld::run() {
  SnapshotBuilder builder(1);
  auto parts = std::make_unique<DataPlane::Parts>(plan_.limits.pipe_memory);
  DataPlane data_plane(*parts, records_);
  auto publish = [&] {
    Problems problems;
    snapshots_.push_back(builder.build(config_, materials_, problems));
    for (const Problem& p : problems) problems_.push_back(p.path + ": " + p.message);
    CHECK(problems.empty());
    data_plane.publish(snapshots_.back());
  };
  publish();
  network_.listen_for_loop(kProxy, [&](int descriptor, const Address& peer) {
    data_plane.accept(descriptor, peer);
  });
  call_all();
  if (plan_.reloads) {
    network_.after(random_.micros(Micros(0), Seconds(2)),
                   [&] { parts->loop.submit(publish); });
  }
  if (plan_.drains) {
    network_.after(random_.micros(Micros(0), Seconds(3)), [&] {
      parts->loop.submit([&] { data_plane.cut_sessions(); });
    });
  }
  parts->loop.run();
  for (std::string& problem : data_plane.problems(records_.all.size())) {
    problems_.push_back(std::move(problem));
  }
}

std::vector<const Peer*> SessionWorld::backends() const {
  std::vector<const Peer*> all;
  for (const auto& backend : backends_) {
    for (const auto& peer : backend->peers()) all.push_back(peer.get());
  }
  return all;
}

}  // namespace sallyport::sim
