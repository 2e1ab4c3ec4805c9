#include "dataplane/base/log_throttle.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport {
namespace {

using Time = LogThrottle::Clock::time_point;

Time at(int millis) { return Time(std::chrono::milliseconds(1'000'000 + millis)); }

struct Throttled {
  LogThrottle throttle;
  LogThrottle::Verdict log(int millis, int line = 1) {
    return throttle.admit({"file", line}, LogLevel::Warning, "m", at(millis));
  }
  std::vector<uint64_t> overdue(int millis) {
    std::vector<uint64_t> counts;
    throttle.report_overdue(at(millis), [&](LogLevel level, std::string_view message, uint64_t n) {
      EXPECT_EQ(level, LogLevel::Warning);
      EXPECT_EQ(message, "m");
      counts.push_back(n);
    });
    return counts;
  }
};

TEST(LogThrottle, AdmitsTenLinesPerSecondAndReportsTheRest) {
  Throttled t;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(t.log(i).admitted);
  for (int i = 10; i < 15; ++i) EXPECT_FALSE(t.log(i).admitted);
  EXPECT_TRUE(t.throttle.suppressing());
  EXPECT_FALSE(t.log(999).admitted);
  auto next = t.log(1000);
  EXPECT_TRUE(next.admitted);
  EXPECT_EQ(next.suppressed, 6u);
  EXPECT_FALSE(t.throttle.suppressing());
  EXPECT_EQ(t.log(1001).suppressed, 0u);
}

TEST(LogThrottle, JudgesEachSiteByItself) {
  Throttled t;
  for (int i = 0; i < 20; ++i) t.log(0, 1);
  EXPECT_FALSE(t.log(0, 1).admitted);
  EXPECT_TRUE(t.log(0, 2).admitted);
}

TEST(LogThrottle, ReportsASiteThatFellSilentOnce) {
  Throttled t;
  for (int i = 0; i < 13; ++i) t.log(0);
  EXPECT_EQ(t.overdue(999), std::vector<uint64_t>{});
  EXPECT_EQ(t.overdue(1000), std::vector<uint64_t>{3});
  EXPECT_EQ(t.overdue(1001), std::vector<uint64_t>{});
  EXPECT_FALSE(t.throttle.suppressing());
  EXPECT_EQ(t.log(1002).suppressed, 0u);
}

}  // namespace
}  // namespace sallyport
