#include "dataplane/base/small_pieces.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

namespace sallyport {

thread_local constinit SmallPieces* SmallPieces::mine_ = nullptr;

SmallPieces::~SmallPieces() {
  mine_ = nullptr;
  ptrdiff_t all = std::numeric_limits<ptrdiff_t>::max();
  for (size_t size_class = 0; size_class < kClasses; ++size_class) free_some(size_class, all);
}

void SmallPieces::free_some(size_t size_class, ptrdiff_t& surplus) {
  const auto size = static_cast<ptrdiff_t>(bytes_of(size_class));
  for (Piece*& first = free_[size_class]; first && surplus >= size; surplus -= size) {
    std::free(std::exchange(first, first->next));
    kept_ -= size;
  }
}

void* SmallPieces::allocate(size_t size) {
  SmallPieces* self = mine_;
  size_t size_class = (std::max(size, bytes_of(1)) + (kStep - kRest - 1)) / kStep;
  if (!self || size_class >= kClasses) return std::malloc(size);
  const auto bytes = static_cast<ptrdiff_t>(bytes_of(size_class));
  self->bytes_.lend(bytes);
  self->lent_ += bytes;
  Piece* piece = self->free_[size_class];
  if (!piece) return std::malloc(bytes_of(size_class));
  self->free_[size_class] = piece->next;
  self->kept_ -= bytes;
  return piece;
}

void SmallPieces::release(void* pointer) {
  SmallPieces* self = mine_;
  if (!self || !pointer) return std::free(pointer);
  // At least as much as was asked for.
  size_t size_class = (malloc_usable_size(pointer) - kRest) / kStep;
  if (size_class >= kClasses) return std::free(pointer);
  const auto bytes = static_cast<ptrdiff_t>(bytes_of(size_class));
  const ptrdiff_t own = std::min(bytes, self->lent_);
  self->bytes_.take_back(own);
  self->lent_ -= own;
  auto* piece = static_cast<Piece*>(pointer);
  piece->next = std::exchange(self->free_[size_class], piece);
  self->kept_ += bytes;
}

void SmallPieces::ebb() {
  static thread_local SmallPieces pieces;
  ptrdiff_t surplus = pieces.bytes_.ebb(pieces.kept_);
  for (size_t size_class = kClasses; size_class-- > 0;) pieces.free_some(size_class, surplus);
}

void* SmallPieces::allocate_zeroed(size_t count, size_t size) {
  size_t all = 0;
  if (__builtin_mul_overflow(count, size, &all)) return nullptr;
  void* pointer = allocate(all);
  if (pointer) std::memset(pointer, 0, all);
  return pointer;
}

void* SmallPieces::resize(void* pointer, size_t size) {
  if (!pointer) return allocate(size);
  size_t had = malloc_usable_size(pointer);
  if (size <= had) return pointer;
  if (had >= bytes_of(kClasses)) return std::realloc(pointer, size);
  void* larger = allocate(size);
  if (!larger) return nullptr;
  std::memcpy(larger, pointer, had);
  release(pointer);
  return larger;
}

}  // namespace sallyport
