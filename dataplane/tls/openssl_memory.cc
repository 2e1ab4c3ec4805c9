#include "dataplane/tls/openssl_memory.h"

#include <openssl/crypto.h>

#include "dataplane/base/small_pieces.h"

namespace sallyport {

void let_openssl_keep_memory() {
  if (SmallPieces::kWatched) return;
  CRYPTO_set_mem_functions(
      [](size_t size, const char*, int) { return SmallPieces::allocate(size); },
      [](void* pointer, size_t size, const char*, int) {
        return SmallPieces::resize(pointer, size);
      },
      [](void* pointer, const char*, int) { SmallPieces::release(pointer); });
}

}  // namespace sallyport
