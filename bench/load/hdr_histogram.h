// A histogram of microseconds with a fixed relative error, by the method of Gil Tene's
// HdrHistogram: buckets that double in width, each cut into as many equal slots, so that three
// significant digits hold from 1 µs to 1 h in a fixed 184 KiB.
//
//   value   0 … 2047        2048 … 4095      4096 … 8191     …    up to 2^32
//   slots   2048 × 1 µs     1024 × 2 µs      1024 × 4 µs     …    (the upper half of each bucket;
//                                                                 its lower half is the one before)
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport::bench {

/// Not thread-safe: one per thread, merged at the end.
class HdrHistogram {
 public:
  static constexpr uint64_t kMax = 3'600'000'000;  // 1 h in µs

  HdrHistogram();

  /// Larger values count as kMax, and in saturated() too.
  void record(uint64_t micros);
  void merge(const HdrHistogram& other);

  uint64_t count() const { return count_; }
  uint64_t saturated() const { return saturated_; }
  /// Exact, 0 when empty.
  uint64_t min() const { return count_ ? min_ : 0; }
  uint64_t max() const { return max_; }
  double mean() const;
  /// The value that `percent` % of the recorded ones do not exceed, to three digits (the upper end
  /// of its slot, at most max()); 0 when empty. REQUIRES: 0 <= percent <= 100.
  uint64_t percentile(double percent) const;

 private:
  static size_t slot_of(uint64_t value);
  static uint64_t highest_in(size_t slot);

  std::vector<uint64_t> slots_;
  uint64_t count_ = 0;
  uint64_t saturated_ = 0;
  uint64_t min_ = ~uint64_t{0};
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace sallyport::bench
