#include "dataplane/base/http_date.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(HttpDate, WritesTheFixedForm) {
  struct Row {
    int64_t seconds;
    const char* text;
  };
  // The first is RFC 9110's own example.
  for (const Row& row : {Row{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
                         Row{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
                         Row{951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
                         Row{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
                         Row{1798761599, "Thu, 31 Dec 2026 23:59:59 GMT"}}) {
    HttpDate date;
    EXPECT_EQ(date.text(WallTime(Seconds(row.seconds))), row.text);
  }
}

TEST(HttpDate, FollowsTheSecond) {
  HttpDate date;
  EXPECT_EQ(date.text(WallTime(Micros(999'999))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.text(WallTime(Micros(1'000'000))), "Thu, 01 Jan 1970 00:00:01 GMT");
  EXPECT_EQ(date.text(WallTime(Micros(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace sallyport
