#include "bench/load/hdr_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sallyport::bench {
namespace {

TEST(HdrHistogram, IsZeroWhenEmpty) {
  const HdrHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.percentile(50), 0u);
}

TEST(HdrHistogram, IsExactBelowTwoThousandAndFortyEight) {
  HdrHistogram histogram;
  for (uint64_t value = 1; value <= 2000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.min(), 1u);
  EXPECT_EQ(histogram.max(), 2000u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 1000.5);
  const struct { double percent; uint64_t value; } table[] = {
      {0, 1}, {0.05, 1}, {50, 1000}, {90, 1800}, {99, 1980}, {99.9, 1998}, {100, 2000}};
  for (const auto& row : table) EXPECT_EQ(histogram.percentile(row.percent), row.value);
}

TEST(HdrHistogram, KeepsThreeDigitsOverTheWholeRange) {
  const uint64_t values[] = {0,      1,       2047,       2048,          2049,         4095,
                             4096,   123'457, 1'000'000,  16'777'215,    16'777'216,   59'999'999,
                             60'000'001, 999'999'999, HdrHistogram::kMax - 1, HdrHistogram::kMax};
  for (const uint64_t value : values) {
    HdrHistogram histogram;
    histogram.record(value);
    histogram.record(HdrHistogram::kMax);  // so that the answer is not capped by the maximum
    const uint64_t answer = histogram.percentile(50);
    EXPECT_GE(answer, value);
    EXPECT_LE(answer - value, value / 1000) << value;
  }
}

TEST(HdrHistogram, CountsWhatIsTooLargeAsTheLargest) {
  HdrHistogram histogram;
  histogram.record(HdrHistogram::kMax);
  histogram.record(HdrHistogram::kMax + 1);
  histogram.record(~uint64_t{0});
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.saturated(), 2u);
  EXPECT_EQ(histogram.max(), HdrHistogram::kMax);
  EXPECT_EQ(histogram.percentile(100), HdrHistogram::kMax);
}

TEST(HdrHistogram, AgreesWithSortingWithinThreeDigits) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(6, 2);
  HdrHistogram histogram;
  std::vector<uint64_t> sorted;
  for (int i = 0; i < 100'000; ++i) {
    sorted.push_back(static_cast<uint64_t>(latency(random)));
    histogram.record(sorted.back());
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent * 1000 - 1e-6));
    const uint64_t exact = sorted[rank - 1];
    EXPECT_GE(histogram.percentile(percent), exact) << percent;
    EXPECT_LE(histogram.percentile(percent) - exact, exact / 1000) << percent;
  }
}

TEST(HdrHistogram, MergedIsAsRecordedInOne) {
  HdrHistogram low, high, both;
  for (uint64_t i = 0; i < 1000; ++i) {
    low.record(i);
    high.record(i * 1000 + 5);
    both.record(i);
    both.record(i * 1000 + 5);
  }
  HdrHistogram merged;
  merged.merge(low);
  merged.merge(HdrHistogram());
  merged.merge(high);
  EXPECT_EQ(merged.count(), both.count());
  EXPECT_EQ(merged.min(), both.min());
  EXPECT_EQ(merged.max(), both.max());
  EXPECT_DOUBLE_EQ(merged.mean(), both.mean());
  for (double percent = 0; percent <= 100; percent += 0.5) {
    EXPECT_EQ(merged.percentile(percent), both.percentile(percent)) << percent;
  }
}

}  // namespace
}  // namespace sallyport::bench
