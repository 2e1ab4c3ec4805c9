// Which bytes may stand where (RFC 9110 section 5.6.2, RFC 3986): one table, one look per byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

enum CharClass : uint8_t {
  kTokenChar = 1,       // of methods, field names, options
  kTargetChar = 2,      // visible ASCII but '#': browsers send '|' and '{' in a query as they are
  kPathChar = 4,        // the same, but what can be taken for a slash or for the end of a quotation
  kNameChar = 8,        // of host names; '_' because containers are called so
  kUnreservedChar = 16,  // never needs an escape (RFC 3986 section 2.3)
  kHexDigit = 32,
  kControl = 64,        // 0x00 to 0x1f but HTAB, and DEL: in a head these end lines or are refused
  kDigit = 128,
};

namespace http_char {

constexpr uint8_t classes_of(int c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  bool digit = c >= '0' && c <= '9';
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  bool target = c > ' ' && c < 0x7f && c != '#';
  bool other_in_path = c == '\\' || c == '"' || c == '<' || c == '>' || c == '?';
  bool mark = kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  int classes = 0;
  if (digit || letter || (c < 0x80 && mark)) classes |= kTokenChar;
  if (target) classes |= kTargetChar;
  if (target && !other_in_path) classes |= kPathChar;
  if (digit || letter || c == '-' || c == '.' || c == '_') classes |= kNameChar;
  if (digit || letter || c == '-' || c == '.' || c == '_' || c == '~') classes |= kUnreservedChar;
  if (hex) classes |= kHexDigit;
  if ((c < ' ' && c != '\t') || c == 0x7f) classes |= kControl;
  if (digit) classes |= kDigit;
  return static_cast<uint8_t>(classes);
}

constexpr std::array<uint8_t, 256> table() {
  std::array<uint8_t, 256> all{};
  for (size_t c = 0; c < all.size(); ++c) all[c] = classes_of(static_cast<int>(c));
  return all;
}

inline constexpr std::array<uint8_t, 256> kTable = table();

}  // namespace http_char

inline bool is_char(CharClass of, uint8_t c) { return (http_char::kTable[c] & of) != 0; }
inline bool is_char(CharClass of, char c) { return is_char(of, static_cast<uint8_t>(c)); }

/// Whether every byte is one of those; of an empty text, too.
inline bool all_chars(CharClass of, std::string_view text) {
  for (char c : text) {
    if (!is_char(of, c)) return false;
  }
  return true;
}

inline bool is_token(std::string_view text) { return !text.empty() && all_chars(kTokenChar, text); }

/// REQUIRES: is_char(kHexDigit, c).
inline uint32_t hex_value(char c) {
  auto u = static_cast<uint8_t>(c);
  return u <= '9' ? u - uint32_t{'0'} : (u | 0x20u) - 'a' + 10;
}

/// ASCII only.
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace sallyport
