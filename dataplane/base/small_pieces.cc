#include "dataplane/base/small_pieces.h"

#include <cstdlib>
#include <cstring>

namespace sallyport {

SmallPieces::~SmallPieces() {
  for (Piece*& first : free_) {
    while (first) std::free(std::exchange(first, first->next));
  }
}

SmallPieces& SmallPieces::mine() {
  static thread_local SmallPieces pieces;
  return pieces;
}

void* SmallPieces::make(size_t size, size_t size_class) {
  auto* piece = static_cast<Piece*>(std::malloc(sizeof(Piece) + size));
  if (!piece) return nullptr;
  piece->size_class = size_class;
  return piece + 1;
}

void* SmallPieces::allocate(size_t size) {
  size_t size_class = size == 0 ? 0 : (size - 1) / kStep;
  if (size_class >= kClasses) return make(size, kClasses);
  SmallPieces& self = mine();
  self.bytes_.lend(bytes_of(size_class));
  Piece* piece = self.free_[size_class];
  if (!piece) return make((size_class + 1) * kStep, size_class);
  self.free_[size_class] = piece->next;
  self.kept_ -= bytes_of(size_class);
  return piece + 1;
}

void SmallPieces::release(void* pointer) {
  if (!pointer) return;
  Piece* piece = static_cast<Piece*>(pointer) - 1;
  if (piece->size_class == kClasses) return std::free(piece);
  SmallPieces& self = mine();
  self.bytes_.take_back(bytes_of(piece->size_class));
  piece->next = std::exchange(self.free_[piece->size_class], piece);
  self.kept_ += bytes_of(piece->size_class);
}

void SmallPieces::ebb() {
  SmallPieces& self = mine();
  ptrdiff_t surplus = self.bytes_.ebb(self.kept_);
  for (size_t size_class = kClasses; size_class-- > 0;) {
    Piece*& first = self.free_[size_class];
    while (first && surplus >= bytes_of(size_class)) {
      std::free(std::exchange(first, first->next));
      surplus -= bytes_of(size_class);
      self.kept_ -= bytes_of(size_class);
    }
  }
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
  Piece* piece = static_cast<Piece*>(pointer) - 1;
  if (piece->size_class == kClasses) {
    auto* moved = static_cast<Piece*>(std::realloc(piece, sizeof(Piece) + size));
    return moved ? moved + 1 : nullptr;
  }
  size_t had = (piece->size_class + 1) * kStep;
  if (size <= had) return pointer;
  void* larger = allocate(size);
  if (!larger) return nullptr;
  std::memcpy(larger, pointer, had);
  release(pointer);
  return larger;
}

}  // namespace sallyport
