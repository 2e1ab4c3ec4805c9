// The sessions of the data plane, between peers and on a network that do anything they please.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/sim/seeds.h"
#include "tests/sim/session_world.h"

namespace sallyport::sim {
namespace {

struct Simulation {
  Simulation(uint64_t seed, Way way, Manners manners, const Faults& faults)
      : network(seed, faults),
        openssl(seed),
        plan(Plan::draw(way, manners, network.random())),
        world(network, plan) {
    world.run();
  }

  Network network;
  SeededOpenssl openssl;
  Plan plan;
  SessionWorld world;
};

Faults draw_faults(uint64_t seed, Manners manners) {
  Random random(seed);
  Faults faults = Faults::draw(random);
  if (manners == Manners::Polite) {
    faults.reset = faults.connect_fails = faults.connect_late = 0;
  }
  return faults;
}

const Account* sender_of(const Account& to, const std::vector<const Account*>& senders) {
  auto found = std::find_if(senders.begin(), senders.end(),
                            [&](const Account* s) { return s->stream == to.from; });
  return found == senders.end() ? nullptr : *found;
}

/// Bytes out are a prefix of bytes in; an end is clean only if all of them came and the sender
/// had said that they were all.
void expect_honest(const Account& to, const std::vector<const Account*>& senders) {
  EXPECT_FALSE(to.mismatch);
  if (to.received >= Pattern::kHead) {
    const Account* from = sender_of(to, senders);
    ASSERT_NE(from, nullptr) << "bytes of nobody: " << to.describe();
    EXPECT_LE(to.received, from->sent);
    if (to.ended != Account::End::Clean) return;
    EXPECT_TRUE(from->finished) << to.describe() << "; sender: " << from->describe();
    EXPECT_EQ(to.received, from->sent);
    return;
  }
  if (to.ended != Account::End::Clean) return;
  EXPECT_EQ(to.received, 0u) << "a clean end within the first bytes";
  EXPECT_TRUE(std::any_of(senders.begin(), senders.end(), [](const Account* s) {
    return s->sent == 0 && s->finished;
  })) << "a clean end that nobody had said: " << to.describe();
}

struct Accounts {
  explicit Accounts(const SessionWorld& world) {
    for (const Client& c : world.clients()) clients.push_back(&c.peer->account());
    for (const Peer* b : world.backends()) backends.push_back(&b->account());
  }
  std::vector<const Account*> clients;
  std::vector<const Account*> backends;
};

/// The connection ended before it was known whom the client wanted: a bare FIN tells it so as well
/// as anything, there is no stream that it could take for whole.
bool was_turned_away(const SessionWorld& world, const Client& client) {
  for (const ConnectionRecord& r : world.records()) {
    if (r.peer == client.address) return r.connect_attempts == 0;
  }
  return true;
}

void expect_honest_streams(const SessionWorld& world) {
  Accounts accounts(world);
  for (const Client& c : world.clients()) {
    const Account& account = c.peer->account();
    if (was_turned_away(world, c)) {
      EXPECT_EQ(account.received, 0u) << account.describe();
    } else {
      expect_honest(account, accounts.backends);
    }
  }
  for (const Account* b : accounts.backends) expect_honest(*b, accounts.clients);
}

const Client* client_of(const SessionWorld& world, const ConnectionRecord& record) {
  for (const Client& c : world.clients()) {
    if (c.address == record.peer) return &c;
  }
  return nullptr;
}

/// One record per connection, and none that says more than is true.
void expect_true_records(const SessionWorld& world) {
  Accounts accounts(world);
  std::vector<uint64_t> ids;
  for (const ConnectionRecord& r : world.records()) {
    ids.push_back(r.id);
    const Client* client = client_of(world, r);
    ASSERT_NE(client, nullptr);
    const Account& c = client->peer->account();
    if (r.routed || world.plan().way == Way::Tcp) {
      EXPECT_TRUE(r.client == client->claimed || r.client == client->address);
    }
    if (r.reason != Reason::Closed) continue;
    // Of the TLS that goes through, neither the end nor the length of what is inside is seen.
    if (world.plan().way == Way::Passthrough) continue;
    EXPECT_TRUE(c.finished) << "closed, but: " << c.describe();
    EXPECT_EQ(r.bytes_from_client, c.sent);
    if (const Account* b = sender_of(c, accounts.backends); b && c.ended == Account::End::Clean) {
      EXPECT_TRUE(b->finished);
      EXPECT_EQ(r.bytes_from_backend, b->sent);
    }
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << "an id came twice";
}

/// Backends are told who called, where that was asked for.
void expect_true_proxy_headers(const SessionWorld& world) {
  for (const Peer* backend : world.backends()) {
    const Account& account = backend->account();
    if (account.from == 0) continue;
    auto client = std::find_if(
        world.clients().begin(), world.clients().end(),
        [&](const Client& c) { return c.peer->account().stream == account.from; });
    ASSERT_NE(client, world.clients().end());
    const ProxyHeader* header = backend->channel()->proxy_header();
    EXPECT_EQ(header != nullptr, world.plan().proxy_out != ProxyProtocolOut::Off);
    if (!header) continue;
    EXPECT_EQ(header->source, client->claimed) << header->source.text();
    if (world.plan().proxy_out == ProxyProtocolOut::V2 && client->tls) {
      EXPECT_EQ(header->authority(), "shop.example.com");
    }
  }
}

/// A backend that is not who it should be gets nothing, and its answers reach nobody.
void expect_refused_false_backend(const SessionWorld& world) {
  if (!world.plan().backend_is_false || !world.plan().backend_tls) return;
  for (const Peer* b : world.backends()) EXPECT_EQ(b->account().received, 0u);
  for (const Client& c : world.clients()) {
    EXPECT_EQ(c.peer->account().received, 0u);
    bool clean = c.peer->account().ended == Account::End::Clean;
    EXPECT_TRUE(!clean || was_turned_away(world, c));
  }
}

/// A client that must show a certificate and does not gets no further than its handshake.
void expect_refused_clients(const SessionWorld& world) {
  for (const Client& c : world.clients()) {
    bool may_pass = c.fault == Client::Fault::None ||
                    (c.fault == Client::Fault::NoProxyHeader &&
                     world.plan().proxy_in != ProxyProtocolIn::Required) ||
                    (c.fault == Client::Fault::NoCertificate &&
                     world.plan().verify_client != VerifyClient::Required) ||
                    (c.fault == Client::Fault::FalseCertificate &&
                     world.plan().verify_client == VerifyClient::Off) ||
                    world.plan().way == Way::Tcp;
    if (may_pass) continue;
    EXPECT_EQ(c.peer->account().received, 0u) << static_cast<int>(c.fault);
    EXPECT_TRUE(!c.tls || c.peer->account().ended != Account::End::Clean);
    for (const Peer* b : world.backends()) EXPECT_NE(b->account().from, c.peer->account().stream);
  }
}

/// Nothing was lost and nobody misbehaved: everything arrived, and everybody says so.
void expect_all_well(const SessionWorld& world) {
  EXPECT_EQ(world.records().size(), world.clients().size());
  for (const ConnectionRecord& r : world.records()) {
    EXPECT_EQ(r.reason, Reason::Closed)
        << name(r.reason) << " while " << r.doing << ": " << r.detail;
  }
  for (const Client& c : world.clients()) {
    const Account& account = c.peer->account();
    EXPECT_TRUE(account.finished) << account.describe();
    EXPECT_EQ(account.ended, Account::End::Clean) << account.describe();
    if (!c.tls) continue;
    const auto& channel = dynamic_cast<const TlsChannel&>(*c.peer->channel());
    EXPECT_EQ(channel.alpn(), c.alpn);
    EXPECT_EQ(channel.peer_common_name(), "shop.example.com");
  }
  size_t finished = 0;
  for (const Peer* b : world.backends()) {
    finished += b->account().ended == Account::End::Clean && b->account().finished;
    if (!world.plan().backend_tls) continue;
    const auto& channel = dynamic_cast<const TlsChannel&>(*b->channel());
    EXPECT_EQ(channel.sni(), "shop.internal");
    EXPECT_EQ(channel.peer_common_name(),
              world.plan().backend_asks_certificate ? "proxy.internal" : "");
  }
  EXPECT_EQ(finished, world.clients().size());
}

class SessionSim : public testing::TestWithParam<Way> {
 protected:
  void for_every_seed(Manners manners) {
    for (uint64_t seed : seeds()) {
      Simulation run(seed, GetParam(), manners, draw_faults(seed, manners));
      SCOPED_TRACE("SALLYPORT_SEEDS=" + std::to_string(seed) + ".." + std::to_string(seed) + ": " +
                   run.plan.describe());
      EXPECT_EQ(run.network.problems(), std::vector<std::string>{});
      EXPECT_EQ(run.world.problems(), std::vector<std::string>{});
      expect_honest_streams(run.world);
      expect_true_records(run.world);
      expect_true_proxy_headers(run.world);
      expect_refused_false_backend(run.world);
      expect_refused_clients(run.world);
      if (manners == Manners::Polite) expect_all_well(run.world);
      if (HasFailure()) return;
    }
  }
};

TEST_P(SessionSim, TellsTheTruthWhateverHappens) { for_every_seed(Manners::Any); }

TEST_P(SessionSim, LosesNothingWhenNothingIsCut) { for_every_seed(Manners::Polite); }

TEST_P(SessionSim, TheSameSeedGivesTheSameTrace) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    uint64_t hashes[2];
    for (uint64_t& hash : hashes) {
      Simulation run(seed, GetParam(), Manners::Any, draw_faults(seed, Manners::Any));
      hash = run.network.trace_hash();
    }
    EXPECT_EQ(hashes[0], hashes[1]) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, SessionSim,
                         testing::Values(Way::Passthrough, Way::Offload, Way::Reencrypt, Way::Tcp),
                         [](const auto& way) { return std::string(name(way.param)); });

}  // namespace
}  // namespace sallyport::sim
