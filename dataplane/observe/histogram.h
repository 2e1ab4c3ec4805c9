// How often times were how long, in fixed buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/observe/count.h"

namespace sallyport {

/// `kBounds`: a std::array of Micros, ascending; each is the most that its bucket takes. One more
/// bucket takes the rest. One thread adds, any may read.
template <const auto& kBounds>
class Histogram {
 public:
  static constexpr size_t kBuckets = kBounds.size() + 1;

  void add(Micros time) {
    size_t i = 0;
    while (i < kBounds.size() && time > kBounds[i]) ++i;
    buckets_[i].add();
    if (time > Micros(0)) sum_.add(static_cast<uint64_t>(time.count()));
  }
  uint64_t bucket(size_t i) const { return buckets_[i].value(); }
  uint64_t sum_micros() const { return sum_.value(); }

 private:
  Count buckets_[kBuckets];
  Count sum_;
};

/// The sum of several.
template <const auto& kBounds>
struct HistogramTotals {
  std::array<uint64_t, kBounds.size() + 1> buckets{};
  uint64_t sum_micros = 0;

  void add(const Histogram<kBounds>& one) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += one.bucket(i);
    sum_micros += one.sum_micros();
  }
  void add(const HistogramTotals& other) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
    sum_micros += other.sum_micros;
  }
};

}  // namespace sallyport
