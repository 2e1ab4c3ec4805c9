#include "dataplane/session/h2_guard.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

constexpr Instant kStart{Micros(1'000'000'000)};
constexpr Micros kSecond{1'000'000};

TEST(H2Guard, ManyResetsAtOnceAreTooMany) {
  H2Guard guard;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(guard.reset(kStart, 100)) << i;
  EXPECT_TRUE(guard.reset(kStart, 100));
}

TEST(H2Guard, AnsweredStreamsMakeUpForResets) {
  H2Guard guard;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(guard.reset(kStart, 100)) << i;
    guard.served();
  }
}

TEST(H2Guard, BucketsAreEmptyAgainAfterAMinute) {
  H2Guard guard;
  for (int i = 0; i < 100; ++i) guard.reset(kStart, 100);
  EXPECT_FALSE(guard.reset(kStart + 60 * kSecond, 100));
  for (int i = 0; i < 99; ++i) EXPECT_FALSE(guard.reset(kStart + 60 * kSecond, 100)) << i;
  EXPECT_TRUE(guard.reset(kStart + 60 * kSecond, 100));
}

TEST(H2Guard, ASlowDripIsNeverTooMuch) {
  H2Guard guard;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(guard.reset(kStart + i * kSecond, 100)) << i;
}

TEST(H2Guard, BodiesEarnTheirWindowUpdatesAndTinyFramesDoNot) {
  H2Guard guard;
  for (int i = 0; i < 10'000; ++i) {
    guard.sent(16'000, false);
    EXPECT_FALSE(guard.control(kStart, 100)) << i;
  }
  bool too_many = false;
  for (int i = 0; i < 200; ++i) {
    guard.sent(1, false);
    too_many = guard.control(kStart, 100);
  }
  EXPECT_TRUE(too_many);
}

}  // namespace
}  // namespace sallyport
