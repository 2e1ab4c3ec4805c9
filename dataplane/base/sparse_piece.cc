#include "dataplane/base/sparse_piece.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace sallyport {

void* allocate_sparse(size_t size) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  constexpr uintptr_t kBeginning = 256;  // a head of HTTP of the usual size
  void* piece = std::malloc(size);
  if (!piece) return nullptr;
  auto begin = reinterpret_cast<uintptr_t>(piece);
  uintptr_t first = (begin + kBeginning + page - 1) / page * page;
  uintptr_t end = (begin + size) / page * page;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  return piece;
}

}  // namespace sallyport
