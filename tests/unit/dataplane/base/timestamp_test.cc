#include "dataplane/base/timestamp.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

std::string text(int64_t micros) {
  char out[kTimestampSize];
  write_timestamp(WallTime(Micros(micros)), out);
  return {out, sizeof out};
}

TEST(Timestamp, IsRfc3339InUtc) {
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(text(1), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(text(951'782'399'999'999), "2000-02-28T23:59:59.999999Z");
  EXPECT_EQ(text(951'782'400'000'000), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(text(1'774'998'245'060'007), "2026-03-31T23:04:05.060007Z");
  EXPECT_EQ(text(-1), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace sallyport
