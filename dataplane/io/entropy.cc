#include "dataplane/io/entropy.h"

#include <errno.h>
#include <sys/random.h>

#include "dataplane/base/check.h"

namespace sallyport {

void fill_with_entropy(MutableBytes out) {
  while (!out.empty()) {
    ssize_t n = ::getrandom(out.data(), out.size(), 0);
    CHECK(n > 0 || errno == EINTR);
    if (n > 0) out = out.subspan(static_cast<size_t>(n));
  }
}

}  // namespace sallyport
