#include "dataplane/model/quantity.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Quantity, ReadsDurations) {
  EXPECT_EQ(*parse_duration("500ms"), Millis(500));
  EXPECT_EQ(*parse_duration("30s"), Millis(30'000));
  EXPECT_EQ(*parse_duration("5m"), Millis(300'000));
  EXPECT_EQ(*parse_duration("1h"), Millis(3'600'000));
  EXPECT_EQ(*parse_duration("0s"), Millis(0));
}

TEST(Quantity, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "30", "-1s", "+1s", "1.5s", "1 s", "s1", "30S", "1d", "1s2",
                           "9223372036854775807h", "99999999999999999999ms"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Quantity, AsksForTheUnitThatIsMissing) {
  EXPECT_NE(parse_duration("30").error().message.find("write 30s"), std::string::npos);
}

TEST(Quantity, ReadsSizes) {
  EXPECT_EQ(*parse_size("0"), 0u);
  EXPECT_EQ(*parse_size("1500"), 1500u);
  EXPECT_EQ(*parse_size("7B"), 7u);
  EXPECT_EQ(*parse_size("64KiB"), 65'536u);
  EXPECT_EQ(*parse_size("3MiB"), 3'145'728u);
  EXPECT_EQ(*parse_size("4GiB"), 4'294'967'296u);
}

TEST(Quantity, RefusesWhatIsNoSize) {
  for (const char* text : {"", "KiB", "64k", "64KB", "64 KiB", "-1", "1.5MiB",
                           "9223372036854775808", "9007199254740992GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Quantity, ReadsCounts) {
  EXPECT_EQ(*parse_count("0"), 0u);
  EXPECT_EQ(*parse_count("9223372036854775807"), 9'223'372'036'854'775'807u);
  for (const char* text : {"", "-1", "1k", "0x10", "1e3", "9223372036854775808"}) {
    EXPECT_FALSE(parse_count(text)) << text;
  }
}

TEST(Quantity, IsWrittenAsShortAsCanBe) {
  EXPECT_EQ(duration_text(Millis(0)), "0s");
  EXPECT_EQ(duration_text(Millis(1)), "1ms");
  EXPECT_EQ(duration_text(Millis(90'000)), "90s");
  EXPECT_EQ(duration_text(Millis(300'000)), "5m");
  EXPECT_EQ(duration_text(Millis(7'200'000)), "2h");
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(1000), "1000B");
  EXPECT_EQ(size_text(65'536), "64KiB");
  EXPECT_EQ(size_text(uint64_t{5} << 30), "5GiB");
}

}  // namespace
}  // namespace sallyport
