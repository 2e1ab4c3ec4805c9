// Small pieces of memory for a C library, kept by size by the thread that gave them back.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "dataplane/base/spares.h"

namespace sallyport {

/// As malloc(), free(), calloc() and realloc(), for one that asks for the same few sizes again and
/// again: what is given back is kept for the next. What one thread was given another may give back.
/// Null when there is no memory.
class SmallPieces {
 public:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kWatched = true;
#elif defined(__has_feature)
  static constexpr bool kWatched = __has_feature(address_sanitizer);
#else
  /// A sanitizer looks at what is allocated, and sees more without this.
  static constexpr bool kWatched = false;
#endif

  ~SmallPieces();

  static void* allocate(size_t size);
  static void release(void* pointer);
  static void* allocate_zeroed(size_t count, size_t size);
  static void* resize(void* pointer, size_t size);
  /// To be called by each thread once a second or so: frees what there is no use for.
  static void ebb();
  /// Bytes that this thread keeps.
  static size_t kept() { return static_cast<size_t>(mine().kept_); }

 private:
  struct alignas(std::max_align_t) Piece {
    size_t size_class;  // kClasses: of none
    Piece* next;        // of those that are free
  };
  static constexpr size_t kStep = 64, kClasses = 16;

  static ptrdiff_t bytes_of(size_t size_class) {
    return static_cast<ptrdiff_t>((size_class + 1) * kStep);
  }
  static SmallPieces& mine();
  static void* make(size_t size, size_t size_class);

  std::array<Piece*, kClasses> free_{};
  Spares bytes_{1024 * 1024};
  ptrdiff_t kept_ = 0;  // bytes
};

}  // namespace sallyport
