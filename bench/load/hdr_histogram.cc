#include "bench/load/hdr_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sallyport::bench {
namespace {

constexpr int kHalfBits = 10;  // 1024 slots a bucket: an error of at most 1 in 1024
constexpr size_t kHalf = size_t{1} << kHalfBits;

}  // namespace

HdrHistogram::HdrHistogram() : slots_(slot_of(kMax) + 1) {}

void HdrHistogram::record(uint64_t micros) {
  if (micros > kMax) {
    micros = kMax;
    ++saturated_;
  }
  ++slots_[slot_of(micros)];
  ++count_;
  min_ = std::min(min_, micros);
  max_ = std::max(max_, micros);
  sum_ += static_cast<double>(micros);
}

void HdrHistogram::merge(const HdrHistogram& other) {
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i] += other.slots_[i];
  count_ += other.count_;
  saturated_ += other.saturated_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double HdrHistogram::mean() const {
  return count_ ? sum_ / static_cast<double>(count_) : 0;
}

uint64_t HdrHistogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  // The epsilon keeps 99.9 % of 1000 at 999: the product is a hair above it in binary.
  const double exact = percent / 100 * static_cast<double>(count_);
  const auto wanted = static_cast<uint64_t>(std::max(1.0, std::ceil(exact - 1e-6)));
  uint64_t seen = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    seen += slots_[i];
    if (seen >= wanted) return std::min(highest_in(i), max_);
  }
  return max_;
}

// Values below 2 * kHalf are their own slot. Above, `shift` low bits are dropped such that what is
// left lies between kHalf and 2 * kHalf.
size_t HdrHistogram::slot_of(uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  const int shift = std::max(0, width - (kHalfBits + 1));
  return static_cast<size_t>(shift) * kHalf + static_cast<size_t>(value >> shift);
}

uint64_t HdrHistogram::highest_in(size_t slot) {
  if (slot < 2 * kHalf) return slot;
  const size_t shift = slot / kHalf - 1;
  const uint64_t top = slot - shift * kHalf;
  return ((top + 1) << shift) - 1;
}

}  // namespace sallyport::bench
