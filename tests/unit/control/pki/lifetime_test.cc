#include "control/pki/lifetime.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

TEST(Lifetime, IsSecondsOfAnyUnit) {
  const struct {
    const char* text;
    int64_t seconds;
  } cases[] = {
      {"1s", 1},
      {"90s", 90},
      {"1500ms", 1},
      {"10m", 600},
      {"24h", 86'400},
      {"87600h", 315'360'000},
      {"1d", 86'400},
      {"90d", 7'776'000},
      {"10y", 315'360'000},
      {"100y", 3'153'600'000},
      {"36500d", 3'153'600'000},
  };
  for (const auto& c : cases) {
    const Result<Seconds> parsed = parse_lifetime(c.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->count(), c.seconds) << c.text;
  }
}

TEST(Lifetime, RefusesTheRestAndSaysWhy) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "s, m, h, d or y"},
      {"90", "s, m, h, d or y"},
      {"d", "such as 90d"},
      {"-1d", "such as 90d"},
      {"1.5y", "such as 90d"},
      {"1 d", "such as 90d"},
      {"3w", "s, m, h, d or y"},
      {"1D", "s, m, h, d or y"},
      {"0d", "too short"},
      {"0s", "too short"},
      {"999ms", "too short"},
      {"101y", "too long"},
      {"36501d", "too long"},
      {"876001h", "too long"},
      {"9223372036854775807d", "too long"},
      {"213503982334601y", "too long"},  // in seconds, 64 bits would have overflowed
      {"99999999999999999999d", "such as 90d"},
  };
  for (const auto& c : cases) {
    const Result<Seconds> parsed = parse_lifetime(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    const std::string& message = parsed.error().message;
    EXPECT_TRUE(message.starts_with('"' + std::string(c.text) + '"')) << message;
    EXPECT_NE(message.find(c.message), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace sallyport
