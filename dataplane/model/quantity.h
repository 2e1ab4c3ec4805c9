// Quantities with their unit in the value, as a configuration writes them: "30s", "64KiB".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// A whole number with ms, s, m or h. A number without a unit is an error that says so.
Result<Millis> parse_duration(std::string_view text);

/// Bytes: a whole number with B, KiB, MiB or GiB, or without a unit.
Result<uint64_t> parse_size(std::string_view text);

/// A whole number, without sign or unit.
Result<uint64_t> parse_count(std::string_view text);

/// The shortest way to write it: "90s", "5m", "64KiB". What the parsers read back as the same.
std::string duration_text(Millis duration);
std::string size_text(uint64_t bytes);

}  // namespace sallyport
