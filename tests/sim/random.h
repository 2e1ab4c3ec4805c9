// Randomness that is the same on every machine and with every standard library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/check.h"
#include "dataplane/base/clock.h"

namespace sallyport::sim {

/// xoshiro256**, seeded through splitmix64 as its authors advise. The distributions are written
/// here because those of the standard library differ between implementations.
class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) word = splitmix(seed);
  }

  uint64_t next() {
    uint64_t result = rotate(state_[1] * 5, 7) * 9;
    uint64_t carried = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= carried;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// REQUIRES: bound > 0. In [0, bound); the bias of the remainder does not matter here.
  uint64_t below(uint64_t bound) {
    DCHECK(bound > 0);
    return next() % bound;
  }
  /// In [least, most].
  uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
  size_t size_between(size_t least, size_t most) {
    return static_cast<size_t>(between(least, most));
  }
  /// In [least, most], small numbers as likely as large ones: each power of two has an equal share.
  uint64_t magnitude(uint64_t least, uint64_t most) {
    uint64_t spread = most - least;
    DCHECK(spread >> 63 == 0);
    int bits = 0;
    while (spread >> bits) ++bits;
    uint64_t drawn = next() >> (63 - below(static_cast<uint64_t>(bits) + 1)) >> 1;
    return least + (drawn <= spread ? drawn : drawn % (spread + 1));
  }
  Micros micros(Micros least, Micros most) {
    return Micros(static_cast<int64_t>(between(static_cast<uint64_t>(least.count()),
                                               static_cast<uint64_t>(most.count()))));
  }

  /// True in `per_mille` of a thousand. Zero draws nothing, so a fault that is switched off does
  /// not shift the others.
  bool chance(uint32_t per_mille) { return per_mille > 0 && below(1000) < per_mille; }
  bool coin() { return next() & 1u; }

  /// An independent generator, for a part whose draws should not depend on those of others.
  Random fork() { return Random(next()); }

 private:
  static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }
  static uint64_t splitmix(uint64_t& state) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace sallyport::sim
