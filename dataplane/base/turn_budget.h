// What one connection may do before it is the others' turn.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sallyport {

/// A step costs as much as the bytes of a whole record, however few it moves: a peer that sends one
/// byte at a time, in records or chunks of their own, would hold a worker for half a million steps
/// otherwise.
constexpr size_t kStepLeast = 16 * 1024;

/// Takes a step that moved `bytes` out of what is left of the turn.
inline void spend(size_t& budget, size_t bytes) {
  budget -= std::min(budget, std::max(bytes, kStepLeast));
}

}  // namespace sallyport
