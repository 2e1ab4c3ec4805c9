#include "dataplane/io/loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sallyport {
namespace {

// Stops its loop after so many expired deadlines, each armed when the one before had passed.
class Chain final : public Task {
 public:
  Chain(Loop& loop, int links) : loop_(loop), deadline_(loop.deadlines(), *this), left_(links) {}
  void start() { deadline_.arm(loop_.now() + Millis(2)); }
  void turn() override {
    if (!deadline_.expired()) return;
    if (--left_ == 0) return loop_.stop();
    start();
  }
  int left() const { return left_; }

 private:
  Loop& loop_;
  Deadline deadline_;
  int left_;
};

TEST(Loop, ADeadlineArmedInTheTurnOfAnotherPasses) {
  Loop loop;
  Chain chain(loop, 20);
  loop.submit([&] { chain.start(); });
  loop.run();
  EXPECT_EQ(chain.left(), 0);
}

class Repeater final : public Task {
 public:
  explicit Repeater(Loop& loop) : loop_(loop) {}
  void turn() override {
    if (++turns == 100) return loop_.stop();
    loop_.post(*this);
    loop_.post(*this);  // waits for one turn already
  }
  int turns = 0;

 private:
  Loop& loop_;
};

TEST(Loop, ATaskPostedBeforeTheLoopRunsGetsItsTurnAndMayPostItselfAgain) {
  Loop loop;
  Repeater task(loop);
  loop.post(task);
  loop.run();
  EXPECT_EQ(task.turns, 100);
}

TEST(Loop, CallsFromOtherThreadsRunInOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.submit([&seen, i] { seen.push_back(i); });
    loop.stop();
  });
  loop.run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i);
}

class Mortal final : public Task {
 public:
  explicit Mortal(bool& gone) : gone_(gone) {}
  ~Mortal() override { gone_ = true; }
  void turn() override { ADD_FAILURE() << "a buried task got a turn"; }

 private:
  bool& gone_;
};

TEST(Loop, ABuriedTaskGetsNoTurnAndIsFreed) {
  Loop loop;
  bool gone = false;
  auto task = std::make_unique<Mortal>(gone);
  loop.post(*task);
  loop.bury(std::move(task));
  EXPECT_FALSE(gone);
  loop.submit([&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace sallyport
