// Wall time as text. The C library's gmtime takes a lock that all threads share and may read the
// zone's file; logs want neither.
#pragma once

#include <cstddef>

#include "dataplane/base/clock.h"

namespace sallyport {

constexpr size_t kTimestampSize = 27;

/// Writes RFC 3339 in UTC with microseconds, "2026-03-31T23:59:59.000001Z": always kTimestampSize
/// characters, no terminator. REQUIRES: a year of four digits.
void write_timestamp(WallTime time, char* out);

}  // namespace sallyport
