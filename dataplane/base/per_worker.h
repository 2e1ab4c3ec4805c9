// A value per worker, each on cache lines of its own: what an immutable object lets its users
// write, without any two threads sharing a line.
#pragma once

#include <cstddef>
#include <memory>

namespace sallyport {

constexpr size_t kMaxWorkers = 256;

template <class T>
class PerWorker {
 public:
  explicit PerWorker(size_t workers) : slots_(std::make_unique<Slot[]>(workers)) {}
  /// REQUIRES: called by that worker only.
  T& of(size_t worker) const { return slots_[worker].value; }

 private:
  struct alignas(64) Slot {
    T value{};
  };
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace sallyport
