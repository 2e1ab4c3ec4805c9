// What many sites cost: to look one up, to build them all, and to change one.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/route/snapshot.h"

namespace sallyport::bench {
namespace {

std::string host(int64_t number) {
  return "site-" + std::to_string(number) + ".example.com";
}

SiteConfig site(int64_t number) {
  SiteConfig made;
  made.hosts = {host(number)};
  made.listeners = {"http"};
  RouteConfig route;
  route.service = "web-" + std::to_string(number % 100);
  made.routes = {route};
  return made;
}

ServiceConfig service(int64_t number, uint16_t port) {
  ServiceConfig made;
  made.name = "web-" + std::to_string(number);
  EndpointConfig endpoint;
  endpoint.host = "10.0.0.1";
  endpoint.port = port;
  made.endpoints = {endpoint};
  return made;
}

Config config_of(int64_t sites) {
  Config config;
  ListenerConfig listener;
  listener.name = "http";
  listener.protocol = Protocol::Http;
  config.listeners.push_back(listener);
  for (int64_t i = 0; i < 100; ++i) config.services.push_back(service(i, 8080));
  for (int64_t i = 0; i < sites; ++i) config.sites.push_back(site(i));
  return config;
}

std::shared_ptr<const Snapshot> build(SnapshotBuilder& builder, const Config& config) {
  Problems problems;
  auto snapshot = builder.build(config, Materials(), problems);
  CHECK(snapshot != nullptr);
  return snapshot;
}

// Names in an order that no cache foresees; every 16th is nobody's.
void find_site(benchmark::State& state) {
  SnapshotBuilder builder(1);
  const auto snapshot = build(builder, config_of(state.range(0)));
  std::vector<std::string> names;
  for (int64_t i = 0; i < 4096; ++i) {
    const std::string name = host(i * 7919 % state.range(0));
    names.push_back(i % 16 == 0 ? "x" + name : name);
  }
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(snapshot->listeners[0]->sites.find(names[at++ % names.size()]));
  }
}
BENCHMARK(find_site)->Arg(10)->Arg(10'000)->Arg(100'000);

void build_snapshot(benchmark::State& state) {
  const Config config = config_of(state.range(0));
  for (auto _ : state) {
    SnapshotBuilder builder(1);
    benchmark::DoNotOptimize(build(builder, config));
  }
}
BENCHMARK(build_snapshot)->Arg(10)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// An endpoint of one of a hundred services is another, as when a pod moves.
void change_one_service(benchmark::State& state) {
  Config config = config_of(state.range(0));
  SnapshotBuilder builder(1);
  auto snapshot = build(builder, config);
  uint16_t port = 1;
  for (auto _ : state) {
    config.services.replace(7, std::make_shared<const ServiceConfig>(service(7, ++port)));
    snapshot = build(builder, config);
  }
}
BENCHMARK(change_one_service)->Arg(10)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void change_one_site(benchmark::State& state) {
  Config config = config_of(state.range(0));
  SnapshotBuilder builder(1);
  auto snapshot = build(builder, config);
  bool other = false;
  for (auto _ : state) {
    SiteConfig changed = site(7);
    other = !other;
    if (other) changed.hosts = {"other.example.com"};
    config.sites.replace(7, std::make_shared<const SiteConfig>(changed));
    snapshot = build(builder, config);
  }
}
BENCHMARK(change_one_site)->Arg(10)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sallyport::bench
