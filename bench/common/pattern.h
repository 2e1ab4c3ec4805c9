// An endless stream of bytes that both ends know: what is sent at an offset can be checked at the
// same offset on the other side, so lost, doubled and swapped bytes are all noticed.
#pragma once

#include "dataplane/base/bytes.h"

namespace sallyport::bench {

/// At least 1 and at most 64 KiB bytes of the stream from `offset` on, fewer if `max` is less.
/// The view is valid for ever. REQUIRES: max > 0.
Bytes pattern_at(uint64_t offset, uint64_t max);

/// Whether `bytes` are the stream's at `offset`.
bool matches_pattern(uint64_t offset, Bytes bytes);

}  // namespace sallyport::bench
