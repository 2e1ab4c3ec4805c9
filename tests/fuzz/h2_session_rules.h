// What must hold of a whole data plane whose clients or backends say anything whatever in HTTP/2:
// it goes on, says nothing wrong to those who do as they should, and puts everything back.
#pragma once

#include <cstdio>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/fuzzed_party.h"
#include "tests/sim/data_plane.h"

namespace sallyport {
namespace h2_session_rules {

inline const Address kProxy = Address::v4(0x0a000001, 80);
inline const Address kBackend = Address::v4(0x0a000101, 8000);

struct Connections final : RecordSink {
  void record(const ConnectionRecord& r) override { all.insert(r.id); }
  void record(const RequestRecord& r) override { all.insert(r.connection); }
  std::set<uint64_t> all;
};

inline std::shared_ptr<const Snapshot> make_snapshot(BackendProtocol protocol) {
  Config config;
  ListenerConfig listener;
  listener.name = "edge";
  listener.address = kProxy;
  listener.protocol = Protocol::Http;
  listener.http2 = true;
  listener.unknown_sni = UnknownSni::Default;
  config.listeners = {listener};
  ServiceConfig service;
  service.name = "app";
  service.protocol = protocol;
  service.endpoints.push_back({kBackend.ip_text(), kBackend.port(), {}});
  config.services = {service};
  SiteConfig site;
  site.hosts = {"a.test", "*"};
  site.listeners = {"edge"};
  RouteConfig route;
  route.service = "app";
  site.routes = {route};
  site.scenario = Scenario::Offload;
  config.sites = {site};
  Problems problems;
  Materials materials;
  static SnapshotBuilder builder(1);
  std::shared_ptr<const Snapshot> made = builder.build(config, materials, problems);
  CHECK(made && problems.empty());
  return made;
}

/// Two bytes before those of the stranger: how he goes about it, and how the network does.
struct Manner {
  explicit Manner(Bytes input) : how(input[0]), network(input[1]) {}

  uint8_t how;
  uint8_t network;

  size_t step() const { return size_t{1} << how % 16; }
  fuzzed::Stranger::Ending ending() const {
    return static_cast<fuzzed::Stranger::Ending>(how / 16 % 4);
  }
  bool other() const { return how / 64 % 2; }
  bool drains() const { return how / 128; }
  sim::Faults faults() const {
    if (network % 2 == 0) return sim::Faults::none();
    sim::Random random(network);
    sim::Faults faults = sim::Faults::draw(random);
    faults.reset = faults.connect_fails = faults.connect_late = 0;
    // Byte after byte takes long, and is what the stranger does.
    for (size_t* size : {&faults.segment_most, &faults.send_buffer, &faults.receive_buffer}) {
      *size = std::max<size_t>(*size, 4096);
    }
    return faults;
  }
};

class World {
 public:
  explicit World(Manner manner)
      : manner_(manner), network_(manner.network, manner.faults()) {}

  sim::Network& network() { return network_; }

  void run(const std::shared_ptr<const Snapshot>& snapshot) {
    Connections recorded;
    {
      sim::DataPlane::Parts parts(0);
      sim::DataPlane plane(parts, recorded);
      plane.publish(snapshot);
      network_.listen_for_loop(kProxy, [&](int descriptor, const Address& peer) {
        plane.accept(descriptor, peer);
      });
      if (manner_.drains()) {
        network_.after(Micros(20'000), [&] { parts.loop.submit([&] { plane.drain(); }); });
      }
      parts.loop.run();
      fail(plane.problems(recorded.all.size()));
    }
    fail(network_.problems());
  }

 private:
  void fail(std::vector<std::string> problems) {
    if (problems.empty()) return;
    // Of a run that was broken off more is left than of one that is at its end.
    for (const std::string& problem : network_.problems()) problems.push_back(problem);
    for (const std::string& problem : problems) fprintf(stderr, "%s\n", problem.c_str());
    CHECK(false);
  }

  Manner manner_;
  sim::Network network_;
};

}  // namespace h2_session_rules

/// Two bytes of Manner, and what a client sends behind its preface.
inline void check_h2_session(Bytes input) {
  using namespace h2_session_rules;
  if (input.size() < 2) return;
  static const auto to_http1 = make_snapshot(BackendProtocol::Http1);
  static const auto to_http2 = make_snapshot(BackendProtocol::Http2);
  Manner manner(input);
  World world(manner);
  std::deque<std::unique_ptr<fuzzed::Party>> backends;
  auto first = static_cast<uint8_t>(manner.network / 2);
  world.network().listen(kBackend, [&](sim::End& end) {
    if (manner.other()) {
      backends.push_back(std::make_unique<fuzzed::H2Server>());
    } else {
      backends.push_back(std::make_unique<fuzzed::H1Server>(first++));
    }
    static_cast<fuzzed::Party&>(*backends.back()).accept(end);
  });
  fuzzed::Stranger client(world.network(), std::string(kH2Preface), input.subspan(2), manner.step(),
                          manner.ending());
  client.call(world.network(), Address::v4(0xc0a80001, 50'000), kProxy);
  world.run(manner.other() ? to_http2 : to_http1);
}

/// Two bytes of Manner, and what a backend sends on each of its connections.
inline void check_h2_backend_session(Bytes input) {
  using namespace h2_session_rules;
  if (input.size() < 2) return;
  static const auto to_http2 = make_snapshot(BackendProtocol::Http2);
  Manner manner(input);
  World world(manner);
  std::deque<std::unique_ptr<fuzzed::Party>> parties;
  world.network().listen(kBackend, [&](sim::End& end) {
    parties.push_back(std::make_unique<fuzzed::Stranger>(
        world.network(), std::string(), input.subspan(2), manner.step(), manner.ending()));
    parties.back()->accept(end);
  });
  for (uint16_t i = 0; i < 3; ++i) {
    if (i == 2 || manner.other()) {
      parties.push_back(std::make_unique<fuzzed::H2Client>());
    } else {
      parties.push_back(std::make_unique<fuzzed::H1Client>(i * 2u + manner.network / 2u));
    }
    parties.back()->call(world.network(), Address::v4(0xc0a80001u + i, 50'000), kProxy);
  }
  world.run(to_http2);
}

}  // namespace sallyport
