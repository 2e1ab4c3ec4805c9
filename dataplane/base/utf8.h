// UTF-8 as RFC 3629 defines it: no surrogates, nothing longer than needed, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

/// The length of the well-formed sequence that `text` begins with, and its code point;
/// 0 when there is none. REQUIRES: !text.empty().
size_t utf8_decode(std::string_view text, char32_t& point);

}  // namespace sallyport
