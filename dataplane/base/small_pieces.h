// Small pieces of memory for C libraries, kept by size by the thread that gave them back.
#pragma once

#include <array>
#include <cstddef>

#include "dataplane/base/spares.h"

namespace sallyport {

/// As malloc(), free(), calloc() and realloc(), for those who ask for the same few sizes again and
/// again: what is given back is kept for the next, on threads that ebb(). What one thread was given
/// another may give back. The memory is malloc()'s. Null when there is none.
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

  static void* allocate(size_t size);
  static void release(void* pointer);
  static void* allocate_zeroed(size_t count, size_t size);
  static void* resize(void* pointer, size_t size);
  /// To be called by each thread that is to keep some, once a second or so: frees what there is no
  /// use for.
  static void ebb();
  /// Bytes that this thread keeps.
  static size_t kept() { return mine_ ? static_cast<size_t>(mine_->kept_) : 0; }

 private:
  struct Piece {
    Piece* next;
  };
  // Those of glibc's malloc(): 24 bytes, 40, 56 ...
  static constexpr size_t kStep = 16, kRest = 8, kClasses = 512;

  SmallPieces() { mine_ = this; }
  ~SmallPieces();
  static constexpr size_t bytes_of(size_t size_class) { return size_class * kStep + kRest; }
  void free_some(size_t size_class, ptrdiff_t& surplus);

  static thread_local constinit SmallPieces* mine_;
  std::array<Piece*, kClasses> free_{};
  Spares bytes_{64 * 1024};
  // Bytes. What other threads were given and this one gives back is not in lent_: it would be a
  // debt that nobody pays, as much as which would be kept for ever.
  ptrdiff_t kept_ = 0, lent_ = 0;
};

}  // namespace sallyport
