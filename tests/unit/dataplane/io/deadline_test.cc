#include "dataplane/io/deadline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace sallyport {
namespace {

struct Nothing : Task {
  void turn() override {}
};

constexpr Instant at(int64_t micros) { return Instant(Micros(micros)); }

/// The tasks that expire at `now`, in the order in which they are posted.
std::vector<Task*> expire(DeadlineHeap& heap, Instant now) {
  std::vector<Task*> posted;
  heap.expire(now, [&](Task& task) { posted.push_back(&task); });
  return posted;
}

TEST(Deadline, ExpiresAtItsTimeAndNotBefore) {
  DeadlineHeap heap;
  Nothing task;
  Deadline d(heap, task);
  EXPECT_FALSE(d.armed());
  d.arm(at(10));
  EXPECT_TRUE(d.armed());
  EXPECT_EQ(heap.next(), at(10));
  EXPECT_TRUE(expire(heap, at(9)).empty());
  EXPECT_FALSE(d.expired());
  EXPECT_EQ(expire(heap, at(10)), std::vector<Task*>{&task});
  EXPECT_TRUE(d.expired());
  EXPECT_FALSE(d.armed());
  EXPECT_TRUE(heap.empty());
  EXPECT_TRUE(expire(heap, at(11)).empty()) << "posted a second time";
}

TEST(Deadline, MovedLaterExpiresOnlyThen) {
  DeadlineHeap heap;
  Nothing task;
  Deadline d(heap, task);
  d.arm(at(10));
  d.arm(at(30));
  EXPECT_TRUE(expire(heap, at(20)).empty());
  EXPECT_EQ(heap.next(), at(30)) << "the heap has caught up";
  EXPECT_EQ(expire(heap, at(30)).size(), 1u);
}

TEST(Deadline, MovedEarlierExpiresThen) {
  DeadlineHeap heap;
  Nothing first, second;
  Deadline a(heap, first), b(heap, second);
  a.arm(at(10));
  b.arm(at(20));
  b.arm(at(5));
  EXPECT_EQ(heap.next(), at(5));
  EXPECT_EQ(expire(heap, at(10)), (std::vector<Task*>{&second, &first}));
}

TEST(Deadline, MovedLaterAndBackKeepsItsFirstPlace) {
  DeadlineHeap heap;
  Nothing task;
  Deadline d(heap, task);
  d.arm(at(10));
  d.arm(at(30));
  d.arm(at(15));
  EXPECT_TRUE(expire(heap, at(14)).empty());
  EXPECT_EQ(expire(heap, at(15)).size(), 1u);
}

TEST(Deadline, DisarmedDoesNotExpire) {
  DeadlineHeap heap;
  Nothing task;
  Deadline d(heap, task);
  d.disarm();  // of nothing: harmless
  d.arm(at(10));
  d.disarm();
  EXPECT_FALSE(d.armed());
  EXPECT_TRUE(heap.empty());
  EXPECT_TRUE(expire(heap, at(10)).empty());
  EXPECT_FALSE(d.expired());
}

TEST(Deadline, ArmingAndDisarmingForgetTheExpiry) {
  DeadlineHeap heap;
  Nothing task;
  Deadline d(heap, task);
  d.arm(at(10));
  expire(heap, at(10));
  ASSERT_TRUE(d.expired());
  d.arm(at(20));
  EXPECT_FALSE(d.expired());
  expire(heap, at(20));
  ASSERT_TRUE(d.expired());
  d.disarm();
  EXPECT_FALSE(d.expired());
}

TEST(Deadline, LeavesTheHeapWhenDestroyed) {
  DeadlineHeap heap;
  Nothing first, second;
  Deadline stays(heap, first);
  stays.arm(at(20));
  {
    Deadline goes(heap, second);
    goes.arm(at(10));
  }
  EXPECT_EQ(heap.next(), at(20));
  EXPECT_EQ(expire(heap, at(100)), std::vector<Task*>{&first});
}

// The heap against the plainest thing that could be right: a list that is searched each time.
TEST(Deadline, AgreesWithAListThroughRandomWork) {
  constexpr size_t kCount = 64;
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    uint32_t state = seed;
    auto draw = [&](uint32_t below) {  // Numerical Recipes' generator: the same everywhere
      state = state * 1664525u + 1013904223u;
      return (state >> 8) % below;
    };
    DeadlineHeap heap;
    std::vector<Nothing> tasks(kCount);
    std::vector<std::unique_ptr<Deadline>> deadlines;
    std::vector<std::optional<Instant>> expected(kCount);
    for (Nothing& task : tasks) deadlines.push_back(std::make_unique<Deadline>(heap, task));

    int64_t now = 0;
    for (int step = 0; step < 2000; ++step) {
      size_t who = draw(kCount);
      if (uint32_t what = draw(10); what < 6) {
        expected[who] = at(now + draw(1000));
        deadlines[who]->arm(*expected[who]);
      } else if (what < 8) {
        expected[who].reset();
        deadlines[who]->disarm();
      } else {
        now += draw(200);
        std::vector<Task*> due;
        for (size_t i = 0; i < kCount; ++i) {
          if (!expected[i] || *expected[i] > at(now)) continue;
          due.push_back(&tasks[i]);
          expected[i].reset();
        }
        std::vector<Task*> posted = expire(heap, at(now));
        std::sort(posted.begin(), posted.end());
        std::sort(due.begin(), due.end());
        ASSERT_EQ(posted, due) << "seed " << seed << ", step " << step;
      }
      for (size_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(deadlines[i]->armed(), expected[i].has_value()) << "seed " << seed;
        if (expected[i]) {
          ASSERT_LE(heap.next(), *expected[i]) << "seed " << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
