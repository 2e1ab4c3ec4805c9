// In which order the bytes of all connections were written, for those who read them much later.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/check.h"

namespace sallyport::sim {

/// Of bytes that were taken together: the numbers of the writes that the first and the last of them
/// came with. Writes are counted over the whole network.
struct Writes {
  uint64_t first = 0;
  uint64_t last = 0;

  /// Surely: what comes with others' bytes may be as old as the first of them.
  bool later_than(const Writes& other) const { return first > other.last; }
};

/// Of one direction of a connection.
class WriteOrder {
 public:
  void wrote(size_t bytes, uint64_t number) {
    written_ += bytes;
    writes_.push_back({written_, number});
  }
  /// REQUIRES: from < to, and that many bytes were written.
  Writes of(uint64_t from, uint64_t to) const { return {number_at(from), number_at(to - 1)}; }

 private:
  struct Write {
    uint64_t end;  // position behind it
    uint64_t number;
  };
  uint64_t number_at(uint64_t position) const {
    auto found = std::upper_bound(writes_.begin(), writes_.end(), position,
                                  [](uint64_t p, const Write& w) { return p < w.end; });
    CHECK(found != writes_.end());
    return found->number;
  }

  std::vector<Write> writes_;
  uint64_t written_ = 0;
};

}  // namespace sallyport::sim
