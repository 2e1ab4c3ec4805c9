// A connection to a backend is taken for a request and given back after it.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/service/backend_pool.h"

namespace sallyport::bench {
namespace {

constexpr Millis kLong{60'000};

void check_out(benchmark::State& state) {
  Loop loop;
  const auto scratch = std::make_unique<Scratch>();
  WorkerMetrics metrics;
  BackendPool pool(loop, *scratch, metrics);
  const Service service(ServiceConfig{}, {{Address::v4(0x0a000001, 80), "name"}}, nullptr, 1);
  const Endpoint& endpoint = service.endpoints()[0];
  BackendPool::Waiter waiter(pool);
  std::vector<int> peers;
  for (int64_t i = 0; i < state.range(0); ++i) {
    int pair[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    peers.push_back(pair[1]);
    auto made = pool.make(service, endpoint, waiter);
    made->stream().attach(Socket(loop, *made, pair[0]));
    pool.made(*made);
    pool.give_back(std::move(made), 1000, kLong);
  }
  for (auto _ : state) {
    auto taken = pool.take(service, endpoint, waiter);
    CHECK(taken != nullptr);
    pool.give_back(std::move(taken), 1000, kLong);
  }
  pool.clear();
  for (const int peer : peers) ::close(peer);
}
BENCHMARK(check_out)->Arg(1)->Arg(128);

}  // namespace
}  // namespace sallyport::bench

BENCHMARK_MAIN();
