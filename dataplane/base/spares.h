// How much of what is given back is kept for the next who asks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sallyport {

/// What is used comes and goes in waves: kept is what the last wave had in use at once, and a few
/// at least. Counts pieces or bytes. Not thread-safe.
class Spares {
 public:
  explicit constexpr Spares(ptrdiff_t few) : few_(few) {}

  void lend(ptrdiff_t n = 1) {
    lent_ += n;
    most_ = std::max(most_, lent_);
  }
  void take_back(ptrdiff_t n = 1) { lent_ -= n; }
  /// Once a second or so: how many of those `idle` there is no use for. They go in portions, so
  /// that nobody waits for the freeing of very many.
  ptrdiff_t ebb(ptrdiff_t idle) {
    ptrdiff_t surplus = lent_ + idle - std::max(few_, std::exchange(most_, lent_));
    ptrdiff_t portion = std::max(few_, surplus / 2);
    return std::clamp<ptrdiff_t>(surplus, 0, std::min(idle, portion));
  }

 private:
  ptrdiff_t few_;
  ptrdiff_t lent_ = 0;  // below zero where what others had lent was given back
  ptrdiff_t most_ = 0;  // since the last ebb
};

}  // namespace sallyport
