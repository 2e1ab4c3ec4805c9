#include "control/kube/line_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "control/kube/back_off.h"

namespace sallyport::kube {
namespace {

TEST(LineSplitter, BordersDoNotMatter) {
  const std::string text = "one\n\ntwo\nthree and more\n";
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    LineSplitter splitter(100);
    std::vector<std::string> lines;
    auto take = [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    };
    for (size_t place = 0; place < text.size();) {
      size_t count = 1 + random() % 5;
      ASSERT_TRUE(splitter.feed(std::string_view(text).substr(place, count), take));
      place += count;
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three and more"}));
    EXPECT_TRUE(splitter.at_border());
  }
}

TEST(LineSplitter, LongLinesAndRefusalsStopIt) {
  LineSplitter splitter(4);
  auto yes = [](std::string_view) { return true; };
  EXPECT_TRUE(splitter.feed("abcd", yes));
  EXPECT_FALSE(splitter.at_border());
  EXPECT_FALSE(splitter.feed("e", yes));
  splitter.reset();
  EXPECT_FALSE(splitter.feed("abcde\n", yes));
  splitter.reset();
  int seen = 0;
  EXPECT_FALSE(splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST(BackOff, DoublesToAMaximumAndBeginsAnew) {
  BackOff back_off(Millis(100), Millis(1'000), 7);
  int64_t most[] = {100, 200, 400, 800, 1000, 1000};
  for (int64_t each : most) {
    Millis wait = back_off.next();
    EXPECT_GE(wait.count(), each / 2);
    EXPECT_LE(wait.count(), each);
  }
  back_off.reset();
  EXPECT_LE(back_off.next().count(), 100);
}

TEST(BackOff, SeedsDiffer) {
  std::vector<int64_t> waits;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    waits.push_back(BackOff(Millis(10'000), Millis(10'000), seed).next().count());
  }
  std::sort(waits.begin(), waits.end());
  waits.erase(std::unique(waits.begin(), waits.end()), waits.end());
  EXPECT_GT(waits.size(), 15u);
}

}  // namespace
}  // namespace sallyport::kube
