// Paths of requests (RFC 3986 section 6.2.2) in the one form that is matched against routes and
// sent to backends alike: what a rule has seen is what a backend gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace sallyport {

enum class EncodedSlash : uint8_t { Keep, Refuse };

enum class PathStatus : uint8_t {
  Ok,
  Malformed,     // a '%' without two hex digits, or a byte that no path may contain
  AboveRoot,     // "/.." beyond the beginning
  EncodedSlash,  // %2F or %5C where they are refused
  EncodedNul,    // %00
  HiddenDots,    // a "." or ".." that only some readers see: "..%2F", "%5C..", "..;a"
};
const char* text(PathStatus status);  // "a malformed path": for logs

/// Writes the normal form of `path` to `out` and its size to `size`:
///   escapes of unreserved characters are decoded, the others get upper-case digits;
///   "." and ".." segments are resolved, also those that were escaped;
///   several slashes are one;
///   a slash or backslash that was escaped stays so, and never separates segments: but dots beside
///   one are refused, for a backend that unescapes it would leave the path that a rule has seen;
///   so are dots before a ';', behind which Java's servers do not look.
/// Normalising twice changes nothing. On refusal `size` and `out` are unspecified.
/// REQUIRES: `path` begins with '/'; out.size() >= path.size(); they do not overlap.
PathStatus normalize_path(std::string_view path, EncodedSlash slashes, MutableBytes out,
                          size_t& size);

/// Whether normalising would change nothing; then no copy is needed. May say false too often.
bool is_normal_path(std::string_view path);

}  // namespace sallyport
