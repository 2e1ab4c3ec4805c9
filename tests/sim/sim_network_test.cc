// Tests of the simulation: what it promises to the tests that stand on it.
#include "tests/sim/sim_network.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/peer.h"
#include "tests/sim/relay_task.h"
#include "tests/sim/seeds.h"

namespace sallyport::sim {
namespace {

const Address kProxy = Address::v4(0x0a000001, 443);
const Address kBackend = Address::v4(0x0a000101, 80);
const Address kNobody = Address::v4(0x0a000102, 80);
const Address kBlackhole = Address::v4(0x0a000103, 80);
Address client(size_t i) { return Address::v4(0xc0a80001 + static_cast<uint32_t>(i), 50'000); }

enum class Peers { Polite, Any };

struct Outcome {
  uint64_t trace_hash = 0;
  std::vector<std::string> problems;
  std::vector<Account> clients;
  std::vector<Account> backends;
};

/// A whole run: clients through relays to a backend.
Outcome run_relays(Network& network, Peers peers) {
  Outcome outcome;
  Random random = network.random().fork();
  auto script = [&] {
    return peers == Peers::Polite ? Script::draw_polite(random, network.faults())
                                  : Script::draw(random, network.faults());
  };
  std::vector<std::unique_ptr<Peer>> clients;
  Backend backend(network, kBackend, script, Peer::plain);
  int alive = 0;
  {
    PipePool pipes(4 * PipePool::kPipeBytes);
    Loop loop;
    bool splices = random.coin();
    network.listen_for_loop(kProxy, [&](int descriptor, const Address&) {
      new RelayTask(loop, descriptor, kBackend, splices ? &pipes : nullptr, alive);
    });
    for (size_t i = 0, n = random.size_between(1, 6); i < n; ++i) {
      clients.push_back(std::make_unique<Peer>(network, script(), Peer::plain));
      clients.back()->call(client(i), kProxy, random.micros(Micros(0), Micros(100'000)));
    }
    loop.run();
  }
  if (alive != 0) outcome.problems.push_back(std::to_string(alive) + " tasks are left");
  for (std::string& problem : network.problems()) outcome.problems.push_back(std::move(problem));
  for (const auto& c : clients) outcome.clients.push_back(c->account());
  for (const auto& b : backend.peers()) outcome.backends.push_back(b->account());
  outcome.trace_hash = network.trace_hash();
  return outcome;
}

/// What holds of `to`, who was sent bytes by one of `senders`.
void expect_prefix(const Account& to, const std::vector<Account>& senders) {
  EXPECT_FALSE(to.mismatch) << to.describe();
  const Account* from = nullptr;
  for (const Account& s : senders) {
    if (to.from != 0 && s.stream == to.from) from = &s;
  }
  if (to.received >= Pattern::kHead) {
    ASSERT_NE(from, nullptr) << to.describe();
    EXPECT_LE(to.received, from->sent) << to.describe();
    if (to.ended != Account::End::Clean) return;
    EXPECT_TRUE(from->finished) << to.describe() << "; sender: " << from->describe();
    EXPECT_EQ(to.received, from->sent);
  } else if (to.ended == Account::End::Clean) {
    EXPECT_EQ(to.received, 0u) << "a clean end within the first bytes";
  }
}

TEST(SimNetwork, TheSameSeedGivesTheSameTraceAndOthersDiffer) {
  std::vector<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    uint64_t twice[2];
    for (uint64_t& hash : twice) {
      Network network(seed);
      hash = run_relays(network, Peers::Any).trace_hash;
    }
    EXPECT_EQ(twice[0], twice[1]) << "seed " << seed;
    for (uint64_t other : hashes) EXPECT_NE(twice[0], other) << "seed " << seed;
    hashes.push_back(twice[0]);
  }
}

TEST(SimNetwork, BytesOutAreAPrefixOfBytesInForEverySeed) {
  for (uint64_t seed : seeds()) {
    SCOPED_TRACE("SALLYPORT_SEEDS=" + std::to_string(seed) + ".." + std::to_string(seed));
    Network network(seed);
    Outcome outcome = run_relays(network, Peers::Any);
    EXPECT_EQ(outcome.problems, std::vector<std::string>{});
    for (const Account& c : outcome.clients) expect_prefix(c, outcome.backends);
    for (const Account& b : outcome.backends) expect_prefix(b, outcome.clients);
    if (HasFailure()) return;
  }
}

// Whatever is late, short, blocked or spurious: where nothing is lost everything must arrive.
TEST(SimNetwork, PolitePeersEndCleanlyWhenNothingIsCut) {
  for (uint64_t seed : seeds()) {
    SCOPED_TRACE("SALLYPORT_SEEDS=" + std::to_string(seed) + ".." + std::to_string(seed));
    Random random(seed);
    Faults faults = Faults::draw(random);
    faults.reset = faults.connect_fails = 0;
    Network network(seed, faults);
    Outcome outcome = run_relays(network, Peers::Polite);
    EXPECT_EQ(outcome.problems, std::vector<std::string>{});
    EXPECT_EQ(outcome.backends.size(), outcome.clients.size());
    for (const Account& c : outcome.clients) {
      EXPECT_EQ(c.ended, Account::End::Clean) << c.describe();
      expect_prefix(c, outcome.backends);
    }
    for (const Account& b : outcome.backends) {
      EXPECT_EQ(b.ended, Account::End::Clean) << b.describe();
      expect_prefix(b, outcome.clients);
    }
    if (HasFailure()) return;
  }
}

/// Holds one end by hand.
struct Holder : Observer {
  void on_wake() override { ++wakes; }
  int wakes = 0;
};

struct HeldSocket : Task {
  void turn() override { ++turns; }
  Socket socket;
  int turns = 0;
};

/// A connection from a peer to a socket of the code under test, without faults.
class SimSocket : public testing::Test {
 protected:
  SimSocket() {
    network_.listen_for_loop(kProxy, [this](int descriptor, const Address& peer) {
      EXPECT_EQ(peer, client(0));
      held_.socket = Socket(loop_, held_, descriptor);
    });
    peer_ = &network_.call(client(0), kProxy, holder_);
    loop_.run();
    EXPECT_TRUE(held_.socket.open());
  }
  ~SimSocket() override {
    held_.socket.close();
    if (peer_->held()) peer_->close();
    loop_.run();
    EXPECT_EQ(network_.problems(), std::vector<std::string>{});
  }

  IoResult read(size_t most) { return held_.socket.read(MutableBytes(buffer_).first(most)); }

  Network network_{1, Faults::none()};
  Loop loop_;
  Holder holder_;
  HeldSocket held_;
  End* peer_ = nullptr;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(300'000);
};

TEST_F(SimSocket, IsWritableAtOnceAndReadableWhenBytesCome) {
  EXPECT_TRUE(held_.socket.writable());
  EXPECT_FALSE(held_.socket.readable());
  EXPECT_EQ(read(10).kind, Io::Blocked);
  peer_->write(as_bytes("hello"));
  loop_.run();
  EXPECT_TRUE(held_.socket.readable());
  EXPECT_EQ(read(5).bytes, 5u);
  EXPECT_TRUE(held_.socket.readable()) << "it gave all that was asked for";
  EXPECT_EQ(read(5).kind, Io::Blocked);
  EXPECT_FALSE(held_.socket.readable());
}

TEST_F(SimSocket, ShortReadIsRememberedUnlessThePeerHasEnded) {
  peer_->write(as_bytes("hello"));
  loop_.run();
  EXPECT_EQ(read(10).bytes, 5u);
  EXPECT_FALSE(held_.socket.readable());
  peer_->write(as_bytes("again"));
  peer_->shutdown_write();
  loop_.run();
  EXPECT_EQ(read(10).bytes, 5u);
  EXPECT_TRUE(held_.socket.readable());
  EXPECT_EQ(read(10).kind, Io::End);
  EXPECT_EQ(read(10).kind, Io::End) << "repeated";
}

TEST_F(SimSocket, FullBufferBlocksAndAnEdgeFollowsRoom) {
  IoResult r = held_.socket.write(buffer_);
  EXPECT_EQ(r.kind, Io::Ok);
  EXPECT_LT(r.bytes, buffer_.size());
  EXPECT_FALSE(held_.socket.writable());
  int turns = held_.turns;
  loop_.run();  // what fits moves to the peer, which makes room
  EXPECT_GT(held_.turns, turns);
  EXPECT_TRUE(held_.socket.writable());
}

TEST_F(SimSocket, WhatIsHeldBackWaitsForAPush) {
  EXPECT_EQ(held_.socket.write(as_bytes("hello"), true).bytes, 5u);
  loop_.run();
  std::vector<uint8_t> into(10);
  EXPECT_LT(peer_->read(into).bytes, 5u);
  held_.socket.push();
  loop_.run();
  EXPECT_EQ(peer_->read(into).kind, Io::Ok);
  EXPECT_EQ(peer_->taken(), 5u);
}

TEST_F(SimSocket, ResetLeavesWhatHasArrivedAndTellsTheErrorOnce) {
  peer_->write(as_bytes("hello"));
  loop_.run();
  peer_->reset();
  loop_.run();
  EXPECT_EQ(read(10).bytes, 5u);
  IoResult r = read(10);
  EXPECT_EQ(r.kind, Io::Failed);
  EXPECT_EQ(r.error, ECONNRESET);
  EXPECT_EQ(read(10).kind, Io::End);
  r = held_.socket.write(as_bytes("x"));
  EXPECT_EQ(r.kind, Io::Failed);
  EXPECT_EQ(r.error, EPIPE);
}

TEST_F(SimSocket, WriteToAClosedPeerIsAnsweredByReset) {
  peer_->close();
  loop_.run();
  EXPECT_EQ(read(10).kind, Io::End);
  EXPECT_EQ(held_.socket.write(as_bytes("x")).kind, Io::Ok);
  loop_.run();
  EXPECT_EQ(held_.socket.write(as_bytes("x")).error, EPIPE);
}

TEST_F(SimSocket, CloseWithUnreadBytesResets) {
  peer_->write(as_bytes("hello"));
  loop_.run();
  held_.socket.close();
  loop_.run();
  IoResult r = peer_->read(buffer_);
  EXPECT_EQ(r.kind, Io::Failed);
  EXPECT_EQ(r.error, ECONNRESET);
}

TEST_F(SimSocket, CloseDeliversWhatWasWritten) {
  EXPECT_EQ(held_.socket.write(as_bytes("goodbye")).bytes, 7u);
  held_.socket.close();
  loop_.run();
  EXPECT_EQ(peer_->read(buffer_).bytes, 7u);
  EXPECT_EQ(peer_->read(buffer_).kind, Io::End);
}

TEST_F(SimSocket, WhoReadsLateLearnsInWhichOrderAllWasWritten) {
  End* accepted = nullptr;
  network_.listen(kBackend, [&](End& end) { accepted = &end; });
  HeldSocket other;
  int error = 0;
  other.socket = Socket::connect(loop_, other, kBackend, error);
  loop_.run();
  ASSERT_NE(accepted, nullptr);
  held_.socket.write(as_bytes("first"));
  loop_.run();
  other.socket.write(as_bytes("second"));
  held_.socket.write(as_bytes("third"));
  other.socket.close();
  loop_.run();

  EXPECT_EQ(accepted->read(buffer_).bytes, 6u);
  EXPECT_EQ(peer_->read(MutableBytes(buffer_).first(7)).bytes, 7u);
  EXPECT_EQ(peer_->read(buffer_).bytes, 3u);
  Writes between = accepted->writes_of(0, 6);
  EXPECT_TRUE(between.later_than(peer_->writes_of(0, 5)));
  EXPECT_FALSE(between.later_than(peer_->writes_of(0, 7))) << "which a later write ends";
  EXPECT_TRUE(peer_->writes_of(7, 10).later_than(between));
  accepted->close();
}

TEST_F(SimSocket, ConnectTellsHowItWent) {
  struct Case {
    Address to;
    int result;
  } cases[] = {{kBackend, 0}, {kNobody, ECONNREFUSED}, {kBlackhole, ETIMEDOUT}};
  End* accepted = nullptr;
  network_.listen(kBackend, [&](End& end) { accepted = &end; });
  network_.blackhole(kBlackhole);
  for (const Case& c : cases) {
    HeldSocket caller;
    int error = 0;
    caller.socket = Socket::connect(loop_, caller, c.to, error);
    ASSERT_TRUE(caller.socket.open());
    EXPECT_EQ(caller.socket.connect_result(), EINPROGRESS);
    EXPECT_EQ(caller.socket.write(as_bytes("x")).kind, Io::Blocked);
    loop_.run();
    EXPECT_EQ(caller.socket.connect_result(), c.result) << c.to.text();
  }
  ASSERT_NE(accepted, nullptr);
  accepted->close();
}

TEST_F(SimSocket, DescriptorsLeftOpenAndEventsLeftOverAreProblems) {
  EXPECT_EQ(network_.problems().size(), 2u) << "the socket, and the peer";
  network_.after(Seconds(1), [] {});
  EXPECT_EQ(network_.problems().size(), 3u);
}

TEST(SimNetwork, ALoopThatSpinsIsBrokenOff) {
  Network network(1, Faults::none());
  Loop loop;
  struct Spinner : Task {
    explicit Spinner(Loop& l) : loop(l) {}
    void turn() override { loop.post(*this); }
    Loop& loop;
  } spinner(loop);
  loop.post(spinner);
  loop.run();
  ASSERT_EQ(network.problems().size(), 1u);
  EXPECT_NE(network.problems()[0].find("spins"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sim
