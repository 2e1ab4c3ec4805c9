#include "bench/common/pattern.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::bench {
namespace {

// A prime period, so that no power-of-two buffer of anybody's can be in step with it; one view's
// length is appended, so that a view never has to wrap.
constexpr size_t kPeriod = 65'521;
constexpr size_t kView = 64 * 1024;

const std::array<uint8_t, kPeriod + kView>& table() {
  static const auto made = [] {
    std::array<uint8_t, kPeriod + kView> bytes;
    uint64_t state = 0x9E3779B97F4A7C15;
    for (size_t i = 0; i < kPeriod; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      bytes[i] = static_cast<uint8_t>(state >> 32);
    }
    for (size_t i = kPeriod; i < bytes.size(); ++i) bytes[i] = bytes[i - kPeriod];
    return bytes;
  }();
  return made;
}

}  // namespace

Bytes pattern_at(uint64_t offset, uint64_t max) {
  return Bytes(table()).subspan(offset % kPeriod, std::min<uint64_t>(max, kView));
}

bool matches_pattern(uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    const Bytes want = pattern_at(offset, bytes.size());
    if (std::memcmp(want.data(), bytes.data(), want.size()) != 0) return false;
    offset += want.size();
    bytes = bytes.subspan(want.size());
  }
  return true;
}

}  // namespace sallyport::bench
