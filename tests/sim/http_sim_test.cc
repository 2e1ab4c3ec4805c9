// HTTP/1.1 through the data plane, between peers and on a network that do anything they please.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/http_world.h"
#include "tests/sim/seeds.h"

namespace sallyport::sim {
namespace {

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
HttpPlan draw_plan(HttpWay way, HttpManners manners, uint64_t seed, Faults& faults) {
  Random random(seed ^ 0x4854'5450u);
  HttpPlan plan = HttpPlan::draw(way, manners, random);
  if (plan.talks_on) {
    faults.partial_read = faults.blocked_read = 0;
    faults.segment_least = faults.segment_most = 64 * 1024;
    faults.send_buffer = faults.receive_buffer = 256 * 1024;
  }
  return plan;
}

struct Simulation {
  Simulation(uint64_t seed, HttpWay way, HttpManners manners)
      : faults(draw_faults(seed, manners)),
        plan(draw_plan(way, manners, seed, faults)),
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

std::string describe(const HttpRequest& r) {
  return "request " + std::to_string(r.id) + " of client " + std::to_string(r.client) + ": " +
         r.method + " " + r.target + " HTTP/1." + std::to_string(r.minor) + ", body " +
         std::to_string(static_cast<int>(r.body.framing)) + "/" + std::to_string(r.body.length) +
         (r.upgrade ? ", upgrade" : "") + (r.begun ? ", begun" : "") +
         (r.sent_whole ? ", sent" : "") + "; got " + std::to_string(r.status) + " of attempt " +
         std::to_string(r.attempt) + ", " + std::to_string(r.received) + " bytes" +
         (r.answered ? ", whole" : "");
}

std::string describe(const HttpAttempt& a) {
  return "attempt " + std::to_string(a.number) + " of request " + std::to_string(a.request) +
         " on connection " + std::to_string(a.connection) + (a.first ? " (new)" : "") + ": got " +
         std::to_string(a.request_body) + " bytes" + (a.request_whole ? ", whole" : "") +
         "; status " + std::to_string(a.status) + ", body " +
         std::to_string(static_cast<int>(a.body.framing)) + "/" + std::to_string(a.body.length) +
         (a.begun ? ", begun" : "") + (a.interim ? ", interim" : "") + ", sent " +
         std::to_string(a.body_sent) + (a.sent_whole ? ", whole" : "") +
         (a.finished ? ", finished" : "") + (a.switched ? ", switched" : "");
}

std::string describe(const RequestLine& line) {
  return "recorded: " + line.peer.text() + " " + line.method + " " + line.path + " " +
         std::to_string(line.record.status) + " " + name(line.record.end) + " while " +
         line.doing + ": " + line.detail + ", attempts " +
         std::to_string(line.record.connect_attempts) +
         (line.record.reused_connection ? ", reused" : "") +
         (line.record.retried ? ", retried" : "");
}

/// To a backend that had ended the connection, maybe long after the proxy had given it up.
bool came_too_late(const HttpAttempt& a) { return a.status == 0; }

/// A response is what one backend sent, whole where it ends, and only the last attempt's.
void expect_honest_responses(const HttpWorld& world) {
  const HttpLedger& ledger = world.ledger();
  for (const HttpRequest& r : ledger.requests) {
    SCOPED_TRACE(describe(r));
    if (r.attempt == 0) continue;
    const HttpAttempt& a = ledger.attempts[r.attempt - 1];
    EXPECT_EQ(a.request, r.id);
    EXPECT_TRUE(a.begun);
    EXPECT_LE(r.received, a.body_sent);
    for (const HttpAttempt& other : ledger.attempts) {
      EXPECT_FALSE(other.request == r.id && other.number > a.number && !came_too_late(other))
          << "sent again after a response had begun";
    }
  }
}

/// How often a request reaches backends: once, or more if that does no harm and nothing had come.
void expect_honest_attempts(const HttpWorld& world, const Faults& faults) {
  const HttpLedger& ledger = world.ledger();
  std::map<uint64_t, std::vector<const HttpAttempt*>> attempts;
  for (const HttpAttempt& a : ledger.attempts) attempts[a.request].push_back(&a);
  for (const auto& [id, all] : attempts) {
    const HttpRequest& r = ledger.requests[id - 1];
    SCOPED_TRACE(describe(r));
    EXPECT_TRUE(r.idempotent || all.size() == 1) << all.size() << " attempts";
    EXPECT_LE(all.size(), world.plan().limits.connect_attempts + 1);
    auto last = std::find_if(all.rbegin(), all.rend(), [](auto* a) { return !came_too_late(*a); });
    for (const HttpAttempt* a : all) {
      if (last == all.rend() || a == *last) continue;
      EXPECT_EQ(a->request_body, 0u) << "a body was sent twice";
      // Nothing on the way takes back what a backend has sent before it ended cleanly.
      bool arrived = a->finished && faults.reset == 0;
      EXPECT_FALSE(arrived && a->begun) << "sent again after a part of a response";
    }
  }
}

/// Of a backend that has said more than it should nobody knows what it will say next.
void expect_not_used_again(const HttpWorld& world) {
  std::map<uint64_t, const HttpAttempt*> talked_on;
  for (const HttpAttempt& a : world.ledger().attempts) {
    const HttpAttempt*& before = talked_on[a.connection];
    if (before) ADD_FAILURE() << describe(a) << ", after " << describe(*before);
    if (a.talks_on) before = &a;
  }
}

/// The two directions of a tunnel: what is whole at one end has been said to be at the other.
void expect_honest_tunnels(const HttpWorld& world) {
  for (const HttpRequest& r : world.ledger().requests) {
    if (r.attempt == 0 || r.status != 101) continue;
    SCOPED_TRACE(describe(r));
    const HttpAttempt& a = world.ledger().attempts[r.attempt - 1];
    auto expect_side = [](const TunnelSide& to, const TunnelSide& from) {
      EXPECT_LE(to.received, from.sent);
      if (to.ended != Account::End::Clean) return;
      EXPECT_TRUE(from.finished);
      EXPECT_EQ(to.received, from.length);
    };
    expect_side(r.tunnel, a.tunnel);
    expect_side(a.tunnel, r.tunnel);
  }
}

/// Responses come in order, and only the last of them may be broken off.
void expect_order(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    bool over = false;
    for (const HttpRequest* r : client.peer->requests()) {
      SCOPED_TRACE(describe(*r));
      EXPECT_FALSE(over && r->status != 0);
      over |= !r->answered;
    }
  }
}

void expect_true_line(const HttpWorld& world, const HttpRequest& r, const RequestLine& line) {
  const RequestRecord& record = line.record;
  if (!line.method.empty()) {
    EXPECT_EQ(line.method, r.method);
    EXPECT_TRUE(r.target.ends_with(line.path)) << line.path;
    EXPECT_EQ(record.request_body_bytes > r.body_sent && !record.upgraded, false);
  }
  if (r.status != 0) {
    EXPECT_EQ(record.status, r.status);
  }
  if (r.answered && r.status != 101) {
    EXPECT_EQ(record.response_body_bytes, r.received);
    EXPECT_EQ(record.end == RequestEnd::Complete, r.attempt != 0);
  }
  if (record.start > world.drained_at() && r.status != 0 && r.status != 101) {
    EXPECT_TRUE(r.said_close) << "more is taken amid the drain";
  }
  EXPECT_EQ(record.upgraded, record.status == 101);
  if (record.end != RequestEnd::Complete) return;
  auto whole = [&](const HttpAttempt& a) {
    return a.request == r.id && a.sent_whole && a.status == record.backend_status;
  };
  const auto& attempts = world.ledger().attempts;
  EXPECT_TRUE(std::any_of(attempts.begin(), attempts.end(), whole)) << "complete, but of nobody";
}

/// One record for each request that began, in their order, and none that says more than is true.
void expect_true_records(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    std::vector<const RequestLine*> lines;
    for (const RequestLine& line : world.lines()) {
      if (line.peer == client.address) lines.push_back(&line);
    }
    const auto& requests = client.peer->requests();
    size_t begun = 0;
    size_t answered = 0;
    for (const HttpRequest* r : requests) {
      begun += r->begun;
      answered += r->status != 0;
    }
    // Half of a request behind the last one may be what the proxy takes for another.
    EXPECT_LE(lines.size(), begun);
    EXPECT_GE(lines.size(), answered);
    for (size_t i = 0; i < std::min(lines.size(), requests.size()); ++i) {
      SCOPED_TRACE(describe(*requests[i]) + "; " + describe(*lines[i]));
      expect_true_line(world, *requests[i], *lines[i]);
    }
  }
}

/// A connection takes at most one request more once the drain has begun: its answer is the last.
void expect_drained(const HttpWorld& world) {
  std::map<uint64_t, size_t> after;
  for (const RequestLine& line : world.lines()) {
    if (line.record.start <= world.drained_at()) continue;
    EXPECT_LE(++after[line.connection], 1u) << describe(line);
  }
}

/// Why a polite request may have no response of a backend: the connection was to end, or the one
/// that it went out on was closed by the backend at that moment.
bool is_excused(const HttpWorld& world, const HttpClient& client, const HttpRequest& r) {
  if (client.told_last() && r.status == 0) return true;
  if (world.plan().closes_connections() && r.status == 0) return true;
  bool may_repeat = r.idempotent && r.body.length == 0;
  return world.plan().manners == HttpManners::Races && r.status == 502 && !may_repeat;
}

/// Nothing was lost and nobody misbehaved: everything is answered by backends, and ends cleanly.
void expect_all_well(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    bool lost = false;
    for (const HttpRequest* r : client.peer->requests()) {
      if (is_excused(world, *client.peer, *r)) {
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
    if (lost) continue;
    EXPECT_EQ(client.peer->ended(), Account::End::Clean);
  }
}

/// Of all that was asked, answered and recorded: to understand a seed that fails.
std::string tell(const HttpWorld& world) {
  std::string text;
  for (const HttpRequest& r : world.ledger().requests) text += "\n  " + describe(r);
  for (const HttpAttempt& a : world.ledger().attempts) text += "\n  " + describe(a);
  for (const RequestLine& line : world.lines()) text += "\n  " + describe(line);
  return text;
}

class HttpSim : public testing::TestWithParam<HttpWay> {
 protected:
  void for_every_seed(HttpManners manners) {
    for (uint64_t seed : seeds()) {
      Simulation run(seed, GetParam(), manners);
      SCOPED_TRACE("SALLYPORT_SEEDS=" + std::to_string(seed) + ".." + std::to_string(seed) + ": " +
                   run.plan.describe());
      EXPECT_EQ(run.network.problems(), std::vector<std::string>{});
      EXPECT_EQ(run.world.problems(), std::vector<std::string>{});
      EXPECT_EQ(run.world.ledger().problems, std::vector<std::string>{});
      expect_honest_responses(run.world);
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

INSTANTIATE_TEST_SUITE_P(Ways, HttpSim,
                         testing::Values(HttpWay::Plain, HttpWay::Offload, HttpWay::Reencrypt),
                         [](const auto& way) { return std::string(name(way.param)); });

}  // namespace
}  // namespace sallyport::sim
