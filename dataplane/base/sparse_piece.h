// Memory of which little is ever touched.
#pragma once

#include <cstddef>

namespace sallyport {

/// As malloc(), for a piece of some pages of which seldom more than the beginning is written to: of
/// the others, what an earlier owner has left goes back to the kernel until they are. Costs a
/// system call. To be freed as malloc()'s. Any thread.
void* allocate_sparse(size_t size);

}  // namespace sallyport
