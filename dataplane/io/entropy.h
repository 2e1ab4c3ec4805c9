// Random bytes from the system.
#pragma once

#include "dataplane/base/bytes.h"

namespace sallyport {

/// Fit for keys. A system call: for seeds, not for each request. Any thread.
void fill_with_entropy(MutableBytes out);

}  // namespace sallyport
