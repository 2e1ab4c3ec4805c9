#include "dataplane/relay/request_id.h"

#include <algorithm>
#include <bit>

namespace sallyport {

namespace {

constexpr size_t kInboundMost = 128;

// The finisher of splitmix64, a bijection: a seed of few bits, as simulations have, becomes one
// of many.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._~+/=-").find(c) != std::string_view::npos;
}

}  // namespace

RequestIds::RequestIds(const Seed& seed) {
  for (size_t i = 0; i < seed.size(); ++i) state_[i] = mix(seed[i] + i);
  state_[0] |= 1;  // all zero is the one state that the generator never leaves
}

uint64_t RequestIds::random() {
  uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

RequestId RequestIds::next() {
  constexpr char kHex[] = "0123456789abcdef";
  RequestId id;
  for (size_t half = 0; half < 2; ++half) {
    uint64_t bits = random();
    for (size_t i = 0; i < 16; ++i, bits >>= 4) id.text_[half * 16 + i] = kHex[bits & 15];
  }
  return id;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kInboundMost &&
         std::all_of(text.begin(), text.end(), is_id_character);
}

}  // namespace sallyport
