#include "tests/sim/http_world.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/wire/proxy_header.h"
#include "tests/sim/pki.h"

namespace sallyport::sim {

namespace {

const Address kProxy = Address::v4(0x0a000001, 443);

Address endpoint_address(size_t i) {
  return Address::v4(0x0a000100 + static_cast<uint32_t>(i), static_cast<uint16_t>(8000 + i));
}

Millis draw_millis(Random& random, uint64_t most) {
  return Millis(static_cast<int64_t>(random.magnitude(1, most)));
}

int draw_version(Random& random) {
  constexpr std::array kVersions{0, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions[random.below(kVersions.size())];
}

void draw_hard_limits(Limits& l, Random& random) {
  l.connect_attempts = static_cast<uint32_t>(random.between(1, 4));
  l.handshake_timeout = draw_millis(random, 15'000);
  l.hello_timeout = draw_millis(random, 10'000);
  l.connect_timeout = draw_millis(random, 5'000);
  l.header_timeout = draw_millis(random, 15'000);
  l.body_timeout = draw_millis(random, 60'000);
  l.keep_alive_timeout = draw_millis(random, 75'000);
  l.response_timeout = draw_millis(random, 60'000);
  l.response_idle_timeout = draw_millis(random, 60'000);
  l.tunnel_idle_timeout = draw_millis(random, 600'000);
  if (random.below(4) == 0) l.request_timeout = draw_millis(random, 60'000);
  if (random.below(6) == 0) l.header_size = static_cast<uint32_t>(random.between(64, 400));
  if (random.below(4) == 0) l.body_size = random.magnitude(1, 64 * 1024);
  if (random.below(8) == 0) l.connections = 2;
}

void draw_http2(HttpPlan& p, Random& random) {
  Limits& l = p.limits;
  l.http2_control_frames = l.http2_resets = 1'000'000;
  l.http2_streams = static_cast<uint32_t>(random.magnitude(1, 128));
  p.bulk = random.below(8) == 0;
  if (p.manners == HttpManners::Any && random.below(4) == 0) {
    l.http2_control_frames = static_cast<uint32_t>(random.magnitude(10, 2'000));
    l.http2_resets = static_cast<uint32_t>(random.magnitude(1, 200));
  }
  // PROXY headers tell of one client, and such a connection has many.
  if (p.versions.backend_http2) {
    p.proxy_out = ProxyProtocolOut::Off;
    p.talks_on = false;
  }
}

}  // namespace

const char* name(HttpWay way) {
  static constexpr std::array kNames{"plain", "offload", "reencrypt"};
  return kNames[static_cast<size_t>(way)];
}

HttpPlan HttpPlan::draw(HttpWay way, HttpManners manners, Random& random, HttpVersions versions) {
  HttpPlan p;
  p.way = way;
  p.versions = versions;
  p.manners = manners;
  p.clients = random.size_between(1, 5);
  p.good_endpoints = random.size_between(1, 2);
  p.refusing_endpoints = random.below(3) == 0 ? random.size_between(1, 2) : 0;
  p.silent_endpoints = random.below(4) == 0 ? 1 : 0;
  if (random.below(4) == 0) p.proxy_in = static_cast<ProxyProtocolIn>(random.between(1, 2));
  if (random.below(4) == 0) p.proxy_out = static_cast<ProxyProtocolOut>(random.between(1, 2));
  p.client_version = draw_version(random);
  p.backend_version = draw_version(random);
  Limits& l = p.limits;
  l.connect_attempts = 10;
  l.turn_bytes = static_cast<uint32_t>(random.magnitude(1, 512 * 1024));
  l.pipe_memory = random.below(5) * PipePool::kPipeBytes;
  l.backend_idle_connections = static_cast<uint32_t>(random.magnitude(0, 64));
  l.backend_idle_timeout = draw_millis(random, 60'000);
  l.header_timeout = l.body_timeout = l.keep_alive_timeout = l.response_timeout =
      l.response_idle_timeout = Millis(3'600'000);
  if (manners == HttpManners::Any) draw_hard_limits(l, random);
  if (manners == HttpManners::Any && random.below(8) == 0) p.good_endpoints = 0;
  if (random.coin()) p.reload = static_cast<Reload>(random.between(1, 5));
  // A policy of TLS is what makes the last kind.
  if (p.reload == Reload::Policy && !p.client_tls()) p.reload = Reload::Same;
  p.drains = random.below(5) == 0;
  p.talks_on = manners == HttpManners::Any && random.below(8) == 0;
  if (versions.client_http2 || versions.backend_http2) {
    draw_http2(p, random);
  } else {
    p.bulk = random.below(8) == 0;
  }
  // What is more than announced has to come in one piece with all of the rest.
  if (p.talks_on) p.bulk = false;
  return p;
}

std::string HttpPlan::describe() const {
  return std::string(name(way)) + ", HTTP/" + (versions.client_http2 ? "2" : "1") + " to HTTP/" +
         (versions.backend_http2 ? "2, " : "1, ") + std::to_string(clients) +
         " clients, endpoints " + std::to_string(good_endpoints) + " good " +
         std::to_string(refusing_endpoints) + " refusing " +
         std::to_string(silent_endpoints) + " silent, PROXY in " +
         std::to_string(static_cast<int>(proxy_in)) + " out " +
         std::to_string(static_cast<int>(proxy_out)) + ", reload " +
         std::to_string(static_cast<int>(reload)) + (drains ? ", drains" : "") +
         (talks_on ? ", backends talk on" : "") +
         (bulk ? ", bulk" : "");
}

void HttpWorld::Records::record(const RequestRecord& r) {
  RequestLine& line = requests.emplace_back();
  line.connection = r.connection;
  line.peer = r.peer;
  line.method = r.method;
  line.path = r.path;
  line.record = r;
  line.detail = r.detail;
  line.doing = r.doing;
}

HttpWorld::HttpWorld(Network& network, const HttpPlan& plan)
    : network_(network), plan_(plan), random_(network.random().fork()) {
  make_config();
  make_backends();
  clients_.resize(plan_.clients);
  for (size_t i = 0; i < clients_.size(); ++i) make_client(i);
}

HttpWorld::~HttpWorld() = default;

void HttpWorld::make_config() {
  ListenerConfig listener;
  listener.name = "edge";
  listener.address = kProxy;
  listener.protocol = plan_.client_tls() ? Protocol::Https : Protocol::Http;
  listener.proxy_protocol = plan_.proxy_in;
  listener.http2 = plan_.versions.client_http2;
  if (plan_.proxy_in != ProxyProtocolIn::Off) {
    listener.trusted_networks = {*sallyport::Network::parse("192.168.0.0/16")};
  }
  config_.listeners = {listener};

  ServiceConfig service;
  service.name = "shop";
  service.proxy_protocol = plan_.proxy_out;
  if (plan_.versions.backend_http2) service.protocol = BackendProtocol::Http2;
  size_t endpoints = plan_.good_endpoints + plan_.refusing_endpoints + plan_.silent_endpoints;
  for (size_t i = 0; i < endpoints; ++i) {
    Address at = endpoint_address(i);
    service.endpoints.push_back({at.ip_text(), at.port(), {}});
  }
  if (plan_.way == HttpWay::Reencrypt) {
    service.tls.emplace();
    service.tls->secret = "internal";
    service.tls->name = kBackendName;
    if (plan_.versions.backend_http2) service.tls->alpn = {"h2"};
    materials_.put("internal", pki().private_ca.secret_of(pki().proxy));
  }
  config_.services = {service};

  SiteConfig site;
  site.hosts = {kSite};
  site.listeners = {"edge"};
  RouteConfig route;
  route.service = "shop";
  site.routes = {route};
  site.scenario = plan_.way == HttpWay::Reencrypt ? Scenario::Reencrypt : Scenario::Offload;
  if (plan_.client_tls()) {
    site.secrets = {"shop"};
    materials_.put("shop", pki().public_ca.secret_of(pki().site));
  }
  config_.sites = {site};
  config_.limits = plan_.limits;
}

void HttpWorld::make_backends() {
  TlsOptions options;
  options.server = true;
  options.version = plan_.backend_version;
  options.identity = &pki().backend;
  if (plan_.versions.backend_http2) options.alpn = {"h2"};
  backend_tls_ = std::make_unique<TlsContext>(options);

  Opening opening;
  opening.expects_proxy_header = plan_.proxy_out != ProxyProtocolOut::Off;
  HttpPeer::MakeChannel make_channel =
      [this, opening](End& end, Observer& observer) -> std::unique_ptr<Channel> {
    if (plan_.way != HttpWay::Reencrypt) return std::make_unique<PlainChannel>(end, opening);
    TlsOpening tls;
    tls.opening = opening;
    return std::make_unique<TlsChannel>(network_, end, observer, *backend_tls_, tls);
  };
  BackendPlan does;
  does.polite = plan_.polite();
  does.closes_without_a_word = plan_.manners != HttpManners::Polite;
  does.talks_on = plan_.talks_on;
  does.behind_tls = plan_.client_tls();
  // In proportion to what the network moves at once, so that no run takes ages.
  uint64_t at_once = std::min(network_.faults().segment_most, network_.faults().receive_buffer);
  does.body_most = plan_.talks_on ? 4096 : std::min<uint64_t>(256 * 1024, at_once * 32);
  if (plan_.bulk) does.body_most = 1024 * 1024;
  // Good, refusing and silent ones in any order, so that failures come first, last and between.
  size_t endpoints = config_.services.front().endpoints.size();
  std::vector<Address> order;
  for (size_t i = 0; i < endpoints; ++i) order.push_back(endpoint_address(i));
  for (size_t i = endpoints; i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  for (size_t i = 0; i < endpoints; ++i) {
    if (i < plan_.good_endpoints) {
      make_backend(order[i], does, make_channel);
    } else if (i < plan_.good_endpoints + plan_.refusing_endpoints) {
      network_.refuse(order[i]);
    } else {
      network_.blackhole(order[i]);
    }
  }
}

void HttpWorld::make_backend(const Address& at, const BackendPlan& plan,
                             HttpPeer::MakeChannel make_channel) {
  if (plan_.versions.backend_http2) {
    h2_backends_.push_back(std::make_unique<H2Endpoint>(network_, ledger_, at, plan, make_channel,
                                                        backend_connections_));
  } else {
    backends_.push_back(std::make_unique<HttpBackend>(network_, ledger_, at, plan, make_channel,
                                                      backend_connections_));
  }
}

ClientPlan HttpWorld::client_plan() {
  ClientPlan does;
  does.polite = plan_.polite();
  // Where the proxy ends a connection, what was sent ahead on it is lost.
  does.pipelines = !plan_.polite() || !plan_.closes_connections();
  uint64_t at_once = std::min(network_.faults().segment_most, network_.faults().receive_buffer);
  does.body_most = std::min<uint64_t>(256 * 1024, at_once * 32);
  does.safe_only = plan_.manners == HttpManners::Races && random_.coin();
  does.host = kSite;
  // Of upgrades that HTTP/2 knows, websocket is the one.
  does.upgrades = !plan_.versions.backend_http2;
  if (plan_.versions.client_http2) does.requests_most = 30;
  does.streams_most = plan_.limits.http2_streams;
  return does;
}

void HttpWorld::make_client(size_t number) {
  Client& client = clients_[number];
  client.address = Address::v4(0xc0a80001 + static_cast<uint32_t>(number),
                               static_cast<uint16_t>(50'000 + number));
  Opening opening;
  Address claimed = client.address;
  bool sends = plan_.proxy_in == ProxyProtocolIn::Required ||
               (plan_.proxy_in == ProxyProtocolIn::Optional && random_.coin());
  if (sends) {
    claimed = Address::v4(0xcb007101 + static_cast<uint32_t>(number), 1234);
    ProxySend send;
    send.source = claimed;
    send.destination = Address::v4(0xc6336401, 443);
    opening.preamble.resize(kMaxProxySend);
    opening.preamble.resize(random_.coin() ? write_proxy_v1(send, opening.preamble)
                                           : write_proxy_v2(send, opening.preamble));
  }
  ledger_.client_ips.push_back(claimed.ip_text());
  HttpPeer::MakeChannel make_channel = [opening](End& end, Observer&) {
    return std::make_unique<PlainChannel>(end, opening);
  };
  if (plan_.client_tls()) {
    TlsOptions options;
    options.trusts = &pki().public_ca;
    options.name = kSite;
    options.version = plan_.client_version;
    if (random_.coin()) options.alpn = {"http/1.1"};
    if (plan_.versions.client_http2) options.alpn = {"h2"};
    client.tls = std::make_unique<TlsContext>(options);
    TlsOpening tls;
    tls.opening = opening;
    tls.drips = random_.coin() ? 0 : random_.size_between(1, 600);
    tls.drip_pause = random_.micros(Micros(0), Micros(2'000));
    make_channel = [this, tls, &context = *client.tls](End& end, Observer& observer) {
      return std::make_unique<TlsChannel>(network_, end, observer, context, tls);
    };
  }
  if (plan_.versions.client_http2) {
    H2Habits habits = H2Habits::draw(random_, network_.faults(), plan_.polite());
    client.h2 = std::make_unique<H2Client>(network_, ledger_, habits, client_plan(), number,
                                           make_channel);
    client.h2->set_on_released([this](const HttpRequest& r) { look_what_waits(r); });
    return;
  }
  Habits habits = Habits::draw(random_, network_.faults(), plan_.polite());
  client.peer = std::make_unique<HttpClient>(network_, ledger_, habits, client_plan(), number,
                                             make_channel);
  client.peer->set_on_rested([this, number] { look_what_waits(*clients_[number].peer); });
}

// What a slow client makes wait in the proxy is bounded: one piece, or a pipe's worth, beside what
// the kernel has. In bulk there is more than that, and 172560 bytes is the most seen of it.
void HttpWorld::look_what_waits(const HttpClient& client) {
  for (const HttpRequest* r : client.requests()) {
    const HttpAttempt* attempt = ledger_.attempt(r->attempt);
    if (!attempt || r->answered || attempt->switched) continue;
    const Faults& f = network_.faults();
    uint64_t network = 2 * (f.send_buffer + f.receive_buffer);
    uint64_t pipe = plan_.way == HttpWay::Plain ? f.pipe_bytes : 0;
    uint64_t peers = plan_.way == HttpWay::Plain ? 0 : 64 * 1024;  // records that they hold
    uint64_t most = network + pipe + peers + 2 * 64 * 1024;        // and a piece on either side
    if (attempt->body_sent > r->received + most) {
      problems_.push_back(std::to_string(attempt->body_sent - r->received) +
                          " bytes wait for a client that does not read");
    }
  }
}

// A stream that is not read costs its window towards the backend and one piece, beside what is on
// its way or with a peer.
void HttpWorld::look_what_waits(const HttpRequest& r) {
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (!attempt) return;
  const Faults& f = network_.faults();
  uint64_t most = 64 * 1024 + f.send_buffer + f.receive_buffer + 4 * 16 * 1024;
  // The window, or what has been read of it: one piece, and one that has just come.
  most += plan_.versions.backend_http2 ? 256 * 1024 : 2 * 64 * 1024;
  if (attempt->body_sent <= r.received + most) return;
  problems_.push_back(std::to_string(attempt->body_sent - r.received) +
                      " bytes wait for a stream that is not read, and " + std::to_string(most) +
                      " may");
}

void HttpWorld::change_config() {
  switch (plan_.reload) {
    case HttpPlan::Reload::None:
    case HttpPlan::Reload::Same: return;
    case HttpPlan::Reload::Limits:
      config_.limits.backend_idle_connections = 1;
      config_.limits.turn_bytes = 4096;
      return;
    case HttpPlan::Reload::Certificate:
      if (!plan_.client_tls()) return;
      materials_.put("shop", pki().public_ca.secret_of(pki().renewed_site));
      return;
    case HttpPlan::Reload::Endpoints: {
      // One less, or the same ones in another order; the good ones stay.
      ServiceConfig service = config_.services.front();
      std::reverse(service.endpoints.begin(), service.endpoints.end());
      config_.services = {service};
      return;
    }
    case HttpPlan::Reload::Policy: {
      SiteConfig site = config_.sites.front();
      site.min_tls = TlsVersion::V1_3;
      config_.sites = {site};
      return;
    }
  }
}

void HttpWorld::schedule_changes(DataPlane& data_plane, std::function<void()> publish) {
  if (plan_.reload != HttpPlan::Reload::None) {
    network_.after(random_.micros(Micros(0), Seconds(5)), [this, &data_plane, publish] {
      change_config();
      data_plane.loop.submit(publish);
    });
  }
  if (!plan_.drains) return;
  Micros at = random_.micros(Micros(0), Seconds(5));
  network_.after(at, [this, &data_plane] {
    network_.refuse(kProxy);
    data_plane.loop.submit([this, &data_plane] {
      drained_at_ = data_plane.loop.wall_now();
      data_plane.drain();
    });
  });
  if (plan_.polite()) return;
  network_.after(at + random_.micros(Micros(0), Seconds(10)), [&data_plane] {
    data_plane.loop.submit([&data_plane] { data_plane.cut_sessions(); });
  });
}

void HttpWorld::run() {
  SnapshotBuilder builder(1);
  auto parts = std::make_unique<DataPlane::Parts>(plan_.limits.pipe_memory);
  DataPlane data_plane(*parts, records_);
  auto publish = [&] {
    Problems problems;
    std::shared_ptr<const Snapshot> snapshot = builder.build(config_, materials_, problems);
    for (const Problem& p : problems) problems_.push_back(p.path + ": " + p.message);
    CHECK(problems.empty());
    data_plane.publish(std::move(snapshot));
  };
  publish();
  network_.listen_for_loop(kProxy, [&](int descriptor, const Address& peer) {
    data_plane.accept(descriptor, peer);
  });
  for (Client& client : clients_) {
    Micros delay = random_.micros(Micros(0), Seconds(2));
    client.peer ? client.peer->call(client.address, kProxy, delay)
                : client.h2->call(client.address, kProxy, delay);
  }
  schedule_changes(data_plane, publish);
  parts->loop.run();
  look_for_problems(data_plane);
}

void HttpWorld::look_for_problems(const DataPlane& data_plane) {
  std::set<uint64_t> with_requests;
  for (const RequestLine& line : records_.requests) with_requests.insert(line.connection);
  for (uint64_t id : records_.connections) {
    if (with_requests.contains(id)) problems_.push_back("a connection and its requests recorded");
  }
  size_t recorded = with_requests.size() + records_.connections.size();
  for (std::string& problem : data_plane.problems(recorded)) {
    problems_.push_back(std::move(problem));
  }
  uint64_t counted = 0;
  for (const auto& by_class : data_plane.metrics.http.requests) {
    for (const Count& count : by_class) counted += count.value();
  }
  if (counted != records_.requests.size()) problems_.push_back("requests counted and recorded");
}

}  // namespace sallyport::sim
