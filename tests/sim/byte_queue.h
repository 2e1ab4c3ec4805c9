// Bytes that go in at one end and come out at the other.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "dataplane/base/bytes.h"

namespace sallyport::sim {

class ByteQueue {
 public:
  bool empty() const { return size() == 0; }
  size_t size() const { return bytes_.size() - head_; }
  Bytes view() const { return Bytes(bytes_).subspan(head_); }

  void append(Bytes from) { bytes_.insert(bytes_.end(), from.begin(), from.end()); }
  /// Takes as many as there are and fit.
  size_t take(MutableBytes into) {
    size_t n = std::min(into.size(), size());
    if (n > 0) std::memcpy(into.data(), bytes_.data() + head_, n);
    drop(n);
    return n;
  }
  /// REQUIRES: count <= size().
  void drop(size_t count) {
    head_ += count;
    if (head_ == bytes_.size()) {
      clear();
    } else if (head_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  /// REQUIRES: count <= from.size().
  void take_from(ByteQueue& from, size_t count) {
    append(from.view().first(count));
    from.drop(count);
  }
  void clear() {
    bytes_.clear();
    head_ = 0;
  }

 private:
  std::vector<uint8_t> bytes_;
  size_t head_ = 0;
};

}  // namespace sallyport::sim
