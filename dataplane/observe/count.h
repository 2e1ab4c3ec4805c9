// A number that one thread changes and any may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport {

/// One writer, so adding is a load and a store, not a locked instruction.
class Count {
 public:
  void add(uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  void subtract(uint64_t n = 1) { value_.store(value() - n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace sallyport
