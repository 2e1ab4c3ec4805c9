#include "dataplane/base/utf8.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Utf8, DecodesWhatIsWellFormed) {
  struct Row {
    std::string_view text;
    size_t length;
    char32_t point;
  };
  const Row rows[] = {
      {"a", 1, 'a'},
      {std::string_view("\0", 1), 1, 0},
      {"\x7f", 1, 0x7f},
      {"\xc2\x80", 2, 0x80},
      {"ä!", 2, 0xe4},
      {"\xdf\xbf", 2, 0x7ff},
      {"\xe0\xa0\x80", 3, 0x800},
      {"\xed\x9f\xbf", 3, 0xd7ff},
      {"\xee\x80\x80", 3, 0xe000},
      {"\xef\xbf\xbf", 3, 0xffff},
      {"\xf0\x90\x80\x80", 4, 0x10000},
      {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
  };
  for (const Row& row : rows) {
    char32_t point = 0;
    EXPECT_EQ(utf8_decode(row.text, point), row.length) << row.text;
    EXPECT_EQ(point, row.point) << row.text;
  }
}

TEST(Utf8, RefusesWhatIsNot) {
  const std::string_view rows[] = {
      "\x80", "\xbf",                          // no beginning
      "\xc0\x80", "\xc1\xbf",                  // longer than needed
      "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
      "\xed\xa0\x80", "\xed\xbf\xbf",          // surrogates
      "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
      "\xc3", "\xe2\x82", "\xf0\x9f\x98",      // cut off
      "\xc3(", "\xe2(\x82", "\xe2\x82(", "\xf0\x9f\x98(",
  };
  for (std::string_view row : rows) {
    char32_t point = 0;
    EXPECT_EQ(utf8_decode(row, point), 0u) << testing::PrintToString(row);
  }
}

}  // namespace
}  // namespace sallyport
