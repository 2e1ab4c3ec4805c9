#include "dataplane/service/backend_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

namespace sallyport {
namespace {

constexpr Millis kLong{60'000};

/// A pool of connections to a peer that the test plays: each is one end of a pair of sockets.
class BackendPoolTest : public testing::Test {
 protected:
  ~BackendPoolTest() override {
    pool_.clear();
    run_once();
    for (int peer : peers_) ::close(peer);
  }

  Service service(int endpoints) {
    std::vector<Endpoint> all;
    for (int i = 0; i < endpoints; ++i) {
      all.push_back({Address::v4(0x0a000001u + static_cast<uint32_t>(i), 80), "name"});
    }
    return Service(ServiceConfig{}, all, nullptr, 1);
  }
  std::unique_ptr<BackendConnection> connect(const Service& service, size_t endpoint = 0) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peers_.push_back(pair[1]);
    auto made = pool_.make(service, service.endpoints()[endpoint], nobody_);
    made->stream().attach(Socket(loop_, *made, pair[0]));
    pool_.made(*made);
    return made;
  }
  /// Until nothing is left that could be done at once.
  void run_once() {
    loop_.submit([this] { loop_.submit([this] { loop_.stop(); }); });
    loop_.run();
  }
  /// Whether the connection's other end has been closed, by whatever means.
  bool peer_sees_end(size_t peer) {
    char byte;
    return ::read(peers_[peer], &byte, 1) == 0;
  }

  Loop loop_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  WorkerMetrics metrics_;
  BackendPool pool_{loop_, *scratch_, metrics_};
  BackendPool::Waiter nobody_{pool_};
  std::vector<int> peers_;
};

TEST_F(BackendPoolTest, GivesTheOneUsedLastAndTellsThatItWasUsed) {
  Service s = service(1);
  const Endpoint& endpoint = s.endpoints()[0];
  EXPECT_EQ(pool_.take(s, endpoint, nobody_), nullptr);
  auto first = connect(s);
  auto second = connect(s);
  EXPECT_FALSE(first->reused());
  BackendConnection* last = second.get();
  pool_.give_back(std::move(first), 8, kLong);
  pool_.give_back(std::move(second), 8, kLong);
  EXPECT_EQ(metrics_.backend_idle.value(), 2u);
  auto taken = pool_.take(s, endpoint, nobody_);
  EXPECT_EQ(taken.get(), last);
  EXPECT_TRUE(taken->reused());
  EXPECT_FALSE(taken->has_ended());
  EXPECT_EQ(metrics_.backend_idle.value(), 1u);
  pool_.discard(std::move(taken), BackendPool::Farewell::Orderly);
  EXPECT_TRUE(peer_sees_end(1));
  EXPECT_FALSE(peer_sees_end(0));
}

TEST_F(BackendPoolTest, AnEndpointsConnectionsAreItsOwn) {
  Service s = service(2);
  pool_.give_back(connect(s, 0), 8, kLong);
  EXPECT_EQ(pool_.take(s, s.endpoints()[1], nobody_), nullptr);
  // Another service, even of another snapshot, with the same endpoint in the clear is the same.
  Service other = service(1);
  auto taken = pool_.take(other, other.endpoints()[0], nobody_);
  ASSERT_NE(taken, nullptr);
  pool_.give_back(std::move(taken), 8, kLong);
}

TEST_F(BackendPoolTest, KeepsNoMoreThanItMay) {
  Service s = service(1);
  pool_.give_back(connect(s), 0, kLong);
  EXPECT_TRUE(peer_sees_end(0));
  pool_.give_back(connect(s), 2, kLong);
  pool_.give_back(connect(s), 2, kLong);
  pool_.give_back(connect(s), 2, kLong);
  EXPECT_EQ(metrics_.backend_idle.value(), 2u);
  EXPECT_TRUE(peer_sees_end(3));
  EXPECT_FALSE(peer_sees_end(1));
}

TEST_F(BackendPoolTest, AConnectionThatEndsOrTalksWhileIdleIsDropped) {
  Service s = service(1);
  pool_.give_back(connect(s), 8, kLong);
  pool_.give_back(connect(s), 8, kLong);
  pool_.give_back(connect(s), 8, kLong);
  ::shutdown(peers_[0], SHUT_WR);
  ASSERT_EQ(::write(peers_[1], "x", 1), 1);
  run_once();
  EXPECT_EQ(metrics_.backend_idle.value(), 1u);
  auto taken = pool_.take(s, s.endpoints()[0], nobody_);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(pool_.take(s, s.endpoints()[0], nobody_), nullptr);
  // This one ends after it was taken: whoever must know has to look.
  ::shutdown(peers_[2], SHUT_WR);
  EXPECT_TRUE(taken->has_ended());
  pool_.discard(std::move(taken), BackendPool::Farewell::Orderly);
}

TEST_F(BackendPoolTest, WhatHasComeBeforeItIsGivenBackIsNoticed) {
  Service s = service(1);
  auto used = connect(s);
  ASSERT_EQ(::write(peers_[0], "x", 1), 1);
  used->stream().socket().expect_news();
  pool_.give_back(std::move(used), 8, kLong);
  EXPECT_EQ(pool_.take(s, s.endpoints()[0], nobody_), nullptr);
  EXPECT_EQ(metrics_.backend_idle.value(), 0u);
}

TEST_F(BackendPoolTest, IdleOnesAreClosedWhenTheirTimeIsOver) {
  Service s = service(1);
  loop_.submit([&] { pool_.give_back(connect(s), 8, Millis(1)); });
  class Watch final : public Task {
   public:
    Watch(Loop& loop, const Count& idle)
        : loop_(loop), idle_(idle), deadline_(loop.deadlines(), *this) {
      deadline_.arm(loop.now() + Millis(10));
    }
    void turn() override {
      if (seen_ && idle_.value() == 0) return loop_.stop();
      seen_ = seen_ || idle_.value() == 1;
      if (--left_ == 0) return loop_.stop();
      deadline_.arm(loop_.now() + Millis(10));
    }

   private:
    Loop& loop_;
    const Count& idle_;
    Deadline deadline_;
    bool seen_ = false;
    int left_ = 1000;
  } watch(loop_, metrics_.backend_idle);
  loop_.run();
  EXPECT_EQ(metrics_.backend_idle.value(), 0u);
  EXPECT_TRUE(peer_sees_end(0));
}

TEST_F(BackendPoolTest, OnlyWantedOnesAreKept) {
  Service s = service(2);
  pool_.give_back(connect(s, 0), 8, kLong);
  pool_.give_back(connect(s, 1), 8, kLong);
  Address wanted = s.endpoints()[1].address;
  pool_.keep_only([&](const Address& address, std::string_view name, const BackendContext* tls) {
    EXPECT_EQ(name, "");  // in the clear nobody checks one
    EXPECT_EQ(tls, nullptr);
    return address == wanted;
  });
  EXPECT_TRUE(peer_sees_end(0));
  EXPECT_FALSE(peer_sees_end(1));
  EXPECT_EQ(pool_.take(s, s.endpoints()[0], nobody_), nullptr);
  pool_.clear();
  EXPECT_TRUE(peer_sees_end(1));
  EXPECT_EQ(metrics_.backend_idle.value(), 0u);
}

/// Somebody who waits, and tries again when posted, as an exchange does.
struct Waiting : Task {
  Waiting(BackendPool& p, const Service& s, size_t number)
      : pool(p), service(s), endpoint(s.endpoints()[number]), waiter(p) {}
  void turn() override {
    ++turns;
    connection = pool.take(service, endpoint, waiter);
    waits = !connection && pool.wait(service, endpoint, waiter, *this);
    if (connection || waits) return;
    connection = pool.make(service, endpoint, waiter);
    made = true;
  }

  BackendPool& pool;
  const Service& service;
  const Endpoint& endpoint;
  BackendPool::Waiter waiter;
  std::unique_ptr<BackendConnection> connection;
  int turns = 0;
  bool waits = false;
  bool made = false;
};

class BackendPoolCrowdTest : public BackendPoolTest {
 protected:
  BackendPoolCrowdTest() {
    for (uint32_t i = 0; i < BackendPool::kMakingMost; ++i) {
      EXPECT_FALSE(pool_.wait(service_, service_.endpoints()[0], nobody_, task_));
      making_.push_back(pool_.make(service_, service_.endpoints()[0], nobody_));
    }
  }
  ~BackendPoolCrowdTest() override {
    for (auto& each : making_) {
      if (each) discard(std::move(each));
    }
    for (auto& each : waiting_) {
      if (each->connection) discard(std::move(each->connection));
    }
    waiting_.clear();
  }
  Waiting& another(size_t endpoint = 0) {
    waiting_.push_back(std::make_unique<Waiting>(pool_, service_, endpoint));
    waiting_.back()->turn();
    return *waiting_.back();
  }
  void discard(std::unique_ptr<BackendConnection> connection) {
    pool_.discard(std::move(connection), BackendPool::Farewell::Reset);
  }

  Service service_ = service(2);
  struct Idle : Task {
    void turn() override {}
  } task_;
  std::vector<std::unique_ptr<BackendConnection>> making_;
  std::vector<std::unique_ptr<Waiting>> waiting_;
};

TEST_F(BackendPoolCrowdTest, OnlySoManyAreMadeAtATimeForOneEndpoint) {
  EXPECT_TRUE(another().waits);
  EXPECT_TRUE(another(1).made);
  pool_.made(*making_[0]);
  run_once();
  EXPECT_TRUE(waiting_[0]->made);
  EXPECT_TRUE(another().waits);
  discard(std::move(making_[1]));
  run_once();
  EXPECT_TRUE(waiting_[2]->made);
}

TEST_F(BackendPoolCrowdTest, WhatIsGivenBackGoesToTheFirstThatWaits) {
  Waiting& first = another();
  Waiting& second = another();
  pool_.give_back(connect(service_), 8, kLong);  // it was also made: two are called
  Waiting& late = another();
  EXPECT_TRUE(late.waits);
  run_once();
  EXPECT_NE(first.connection, nullptr);
  EXPECT_FALSE(first.made);
  EXPECT_TRUE(second.waits || second.made);
  EXPECT_EQ(late.connection, nullptr);
}

TEST_F(BackendPoolCrowdTest, WhoeverLeavesPassesItsTurnOn) {
  another();
  another();
  another();
  waiting_[1]->waiter.stop();
  pool_.made(*making_[0]);
  waiting_[0]->waiter.stop();  // posted already
  waiting_[0]->ListLink<RunQueue>::unlink();
  run_once();
  EXPECT_EQ(waiting_[1]->turns, 1);
  EXPECT_TRUE(waiting_[2]->made);
}

TEST_F(BackendPoolCrowdTest, AFailureLetsManyLookElsewhere) {
  for (int i = 0; i < 3; ++i) another();
  pool_.failed(*making_[0]);
  run_once();
  EXPECT_TRUE(waiting_[0]->made);
  EXPECT_EQ(waiting_[1]->turns, 2);
  EXPECT_TRUE(waiting_[1]->waits);
  EXPECT_EQ(waiting_[2]->turns, 2);
  // One who then goes to another endpoint has left this one's order.
  pool_.failed(*making_[1]);
  EXPECT_EQ(pool_.take(service_, service_.endpoints()[1], waiting_[1]->waiter), nullptr);
  EXPECT_FALSE(pool_.wait(service_, service_.endpoints()[1], waiting_[1]->waiter, *waiting_[1]));
  waiting_[1]->ListLink<RunQueue>::unlink();
  run_once();
  EXPECT_TRUE(waiting_[2]->made);
}

TEST_F(BackendPoolCrowdTest, AChangeOfTheConfigurationLeavesThoseWhoWaitTheirPlace) {
  another();
  pool_.clear();
  pool_.made(*making_[0]);
  run_once();
  EXPECT_TRUE(waiting_[0]->made);
}

}  // namespace
}  // namespace sallyport
