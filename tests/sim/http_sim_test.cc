// HTTP through the data plane, between peers and on a network that do anything they please.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/sim/http_expectations.h"
#include "tests/sim/http_world.h"
#include "tests/sim/seeds.h"

namespace sallyport::sim {
namespace {

struct Kind {
  HttpWay way;
  HttpVersions versions;
  bool http2() const { return versions.client_http2 || versions.backend_http2; }
};

std::string name(const Kind& kind) {
  auto version = [](bool http2) { return http2 ? "2" : "1"; };
  if (!kind.http2()) return sim::name(kind.way);
  return std::string(sim::name(kind.way)) + "_h" + version(kind.versions.client_http2) + "_to_h" +
         version(kind.versions.backend_http2);
}

Faults draw_faults(uint64_t seed, HttpManners manners) {
  Random random(seed);
  Faults faults = Faults::draw(random);
  if (manners != HttpManners::Any) {
    faults.reset = faults.connect_fails = faults.connect_late = 0;
  }
  return faults;
}

// Where backends send more than they announced, all of it has to come at once: what comes later
// cannot be told from a response to the next request.
HttpPlan draw_plan(const Kind& kind, HttpManners manners, uint64_t seed, Faults& faults) {
  Random random(seed ^ 0x4854'5450u);
  HttpPlan plan = HttpPlan::draw(kind.way, manners, random, kind.versions);
  if (plan.bulk) {
    // So that little of it is on its way.
    faults.segment_most = 16 * 1024;
    faults.send_buffer = faults.receive_buffer = 32 * 1024;
  }
  if (plan.talks_on) {
    faults.partial_read = faults.blocked_read = 0;
    faults.segment_least = faults.segment_most = 64 * 1024;
    faults.send_buffer = faults.receive_buffer = 256 * 1024;
  }
  return plan;
}

struct Simulation {
  Simulation(uint64_t seed, const Kind& kind, HttpManners manners)
      : faults(draw_faults(seed, manners)),
        plan(draw_plan(kind, manners, seed, faults)),
        network(seed, faults),
        openssl(seed),
        world(network, plan) {
    world.run();
  }

  Faults faults;
  HttpPlan plan;
  Network network;
  SeededOpenssl openssl;
  HttpWorld world;
};

/// A body that was on its way to a backend is not there for another one, and a backend of HTTP/2
/// may refuse what it has begun to get: by a reset, or by a GOAWAY, behind which nothing is read.
/// Nobody who has refused nothing may have got the request.
bool was_refused(const HttpWorld& world, const HttpRequest& r) {
  const HttpLedger& ledger = world.ledger();
  bool lost_its_body = r.status == 502 && r.attempt == 0 && r.body.length > 0;
  if (!world.plan().versions.backend_http2 || !lost_its_body) return false;
  size_t attempts = 0;
  for (const HttpAttempt& a : ledger.attempts) {
    if (a.request != r.id) continue;
    if (!a.refused) return false;
    ++attempts;
  }
  return attempts > 0 || ledger.refusals > 0;
}

/// Why a polite request may have no response of a backend: the connection was to end, or the one
/// that it went out on was closed by the backend at that moment.
bool is_excused(const HttpWorld& world, const HttpClient& client, const HttpRequest& r) {
  if (was_refused(world, r)) return true;
  if (client.told_last() && r.status == 0) return true;
  if (world.plan().closes_connections() && r.status == 0) return true;
  bool may_repeat = r.idempotent && r.body.length == 0;
  return world.plan().manners == HttpManners::Races && r.status == 502 && !may_repeat;
}

/// Streams that the proxy has not taken because it wanted the connection to end.
bool is_excused(const HttpWorld& world, const H2Client&, const HttpRequest& r) {
  if (was_refused(world, r)) return true;
  bool may_repeat = r.idempotent && r.body.length == 0;
  if (world.plan().manners == HttpManners::Races && r.status == 502 && !may_repeat) return true;
  const auto& attempts = world.ledger().attempts;
  bool untouched = std::none_of(attempts.begin(), attempts.end(),
                                [&](const HttpAttempt& a) { return a.request == r.id; });
  return world.plan().closes_connections() && r.status == 0 && untouched;
}

/// Nothing was lost and nobody misbehaved: everything is answered by backends, and ends cleanly.
template <typename Client>
void expect_all_well(const HttpWorld& world, const Client& client) {
  bool lost = false;
  for (const HttpRequest* r : client.requests()) {
    if (is_excused(world, client, *r)) {
      lost |= r->status == 0;
      continue;
    }
    SCOPED_TRACE(describe(*r));
    EXPECT_TRUE(r->answered || r->status == 101);
    EXPECT_NE(r->attempt, 0u);
    if (r->status != 101) continue;
    EXPECT_EQ(r->tunnel.ended, Account::End::Clean);
    EXPECT_TRUE(r->tunnel.finished);
  }
  // With every stream at its end, nothing is lost by those who are slow to leave.
  if (lost || world.plan().versions.client_http2) return;
  EXPECT_EQ(client.ended(), Account::End::Clean);
}

void expect_all_well(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    client.peer ? expect_all_well(world, *client.peer) : expect_all_well(world, *client.h2);
  }
}

class HttpSim : public testing::TestWithParam<Kind> {
 protected:
  void for_every_seed(HttpManners manners) {
    // Runs of HTTP/2 have many streams each, and go all ways.
    for (uint64_t seed : seeds(GetParam().http2() ? 32 : 256)) {
      Simulation run(seed, GetParam(), manners);
      SCOPED_TRACE("SALLYPORT_SEEDS=" + std::to_string(seed) + ".." + std::to_string(seed) + ": " +
                   run.plan.describe());
      EXPECT_EQ(run.network.problems(), std::vector<std::string>{});
      EXPECT_EQ(run.world.problems(), std::vector<std::string>{});
      EXPECT_EQ(run.world.ledger().problems, std::vector<std::string>{});
      expect_honest_responses(run.world.ledger());
      expect_honest_attempts(run.world, run.faults);
      expect_not_used_again(run.world);
      expect_honest_tunnels(run.world);
      expect_order(run.world);
      expect_true_records(run.world);
      expect_drained(run.world);
      if (manners != HttpManners::Any) expect_all_well(run.world);
      if (!HasFailure()) continue;
      ADD_FAILURE() << "all of it:" << tell(run.world);
      return;
    }
  }
};

TEST_P(HttpSim, TellsTheTruthWhateverHappens) { for_every_seed(HttpManners::Any); }

TEST_P(HttpSim, AnswersEverythingWhenNothingIsLost) { for_every_seed(HttpManners::Polite); }

TEST_P(HttpSim, SendsAgainWhatDiedOnAKeptConnection) { for_every_seed(HttpManners::Races); }

TEST_P(HttpSim, TheSameSeedGivesTheSameTrace) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    uint64_t hashes[2];
    for (uint64_t& hash : hashes) {
      hash = Simulation(seed, GetParam(), HttpManners::Any).network.trace_hash();
    }
    EXPECT_EQ(hashes[0], hashes[1]) << "seed " << seed;
  }
}

constexpr HttpVersions kOne{};
constexpr HttpVersions kTwoToOne{true, false};
constexpr HttpVersions kOneToTwo{false, true};
constexpr HttpVersions kTwo{true, true};

INSTANTIATE_TEST_SUITE_P(Ways, HttpSim,
                         testing::Values(Kind{HttpWay::Plain, kOne}, Kind{HttpWay::Offload, kOne},
                                         Kind{HttpWay::Reencrypt, kOne}),
                         [](const auto& kind) { return name(kind.param); });

INSTANTIATE_TEST_SUITE_P(
    Versions, HttpSim,
    testing::Values(Kind{HttpWay::Plain, kTwoToOne}, Kind{HttpWay::Plain, kOneToTwo},
                    Kind{HttpWay::Plain, kTwo}, Kind{HttpWay::Offload, kTwoToOne},
                    Kind{HttpWay::Reencrypt, kOneToTwo}, Kind{HttpWay::Reencrypt, kTwo}),
    [](const auto& kind) { return name(kind.param); });

}  // namespace
}  // namespace sallyport::sim
