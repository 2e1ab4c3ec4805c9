#include "dataplane/base/utf8.h"

#include <cstdint>

#include "dataplane/base/check.h"

namespace sallyport {

size_t utf8_decode(std::string_view text, char32_t& point) {
  DCHECK(!text.empty());
  uint8_t first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) {
    point = first;
    return 1;
  }
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  // 0x80-0xc1 cannot begin a sequence, nor can what would lead past U+10FFFF.
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  char32_t value = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    uint8_t next = static_cast<uint8_t>(text[i]);
    if ((next & 0xc0) != 0x80) return 0;
    value = value << 6 | (next & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  point = value;
  return length;
}

}  // namespace sallyport
