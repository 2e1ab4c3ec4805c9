#include "control/ocsp/schedule.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

Staple staple(int64_t from, int64_t until) { return {"der", from, until}; }

TEST(OcspSchedule, RefreshesAtHalfOfTheLife) {
  EXPECT_EQ(refresh_at(staple(1000, 3000), 1000, 0.5), 2000);
  EXPECT_EQ(refresh_at(staple(1000, 3000), 1000, 0), 1900);
  EXPECT_EQ(refresh_at(staple(1000, 3000), 1000, 1), 2100);
}

TEST(OcspSchedule, WhatIsOlderIsRefreshedAtHalfOfWhatIsLeft) {
  EXPECT_EQ(refresh_at(staple(1000, 3000), 2600, 0.5), 2800);
  EXPECT_EQ(refresh_at(staple(1000, 3000), 2998, 0.5), 3003);  // but not at once again
}

TEST(OcspSchedule, RefreshesBeforeTheEndHoweverItIsThrown) {
  for (double chance : {0.0, 0.3, 1.0}) {
    for (int64_t life : {60, 3600, 7 * 86400}) {
      int64_t at = refresh_at(staple(0, life), 0, chance);
      EXPECT_GT(at, 0);
      EXPECT_LT(at, life) << life;
    }
  }
}

TEST(OcspSchedule, FailuresWaitLongerAndLongerUpToAnHour) {
  EXPECT_EQ(retry_at(1, 0, 0.5), 10);
  EXPECT_EQ(retry_at(2, 0, 0.5), 20);
  EXPECT_EQ(retry_at(5, 0, 0.5), 160);
  EXPECT_EQ(retry_at(9, 0, 0.5), 2560);
  for (int failures : {10, 11, 1000, 1'000'000'000}) {
    EXPECT_EQ(retry_at(failures, 0, 0.5), 3600) << failures;
  }
  EXPECT_EQ(retry_at(1, 0, 0), 9);
  EXPECT_EQ(retry_at(1, 0, 1), 11);
}

}  // namespace
}  // namespace sallyport
