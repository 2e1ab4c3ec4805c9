#include "dataplane/base/json_object.h"

#include <array>
#include <charconv>
#include <cstring>

#include "dataplane/base/timestamp.h"
#include "dataplane/base/utf8.h"

namespace sallyport {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// How many characters stand before the first that is not plain.
size_t plain_size(std::string_view text) {
  size_t i = 0;
  // Eight at a time, by the usual tests on the bytes of a word: less than a space, equal to a
  // quote, a backslash or DEL, more than ASCII. A false alarm costs the slow loop, nothing else.
  constexpr uint64_t kOnes = ~uint64_t{0} / 255;
  constexpr uint64_t kHigh = kOnes * 0x80;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    uint64_t quote = word ^ kOnes * '"', slash = word ^ kOnes * '\\', del = word ^ kOnes * 0x7f;
    uint64_t odd = (word - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes) | (del - kOnes) | word;
    if (odd & kHigh) break;
  }
  while (i < text.size() && kPlain[static_cast<uint8_t>(text[i])]) ++i;
  return i;
}

// Makes `out` longer by `size` characters for the caller to set.
char* append_room(std::string& out, size_t size) {
  out.append(size, ' ');
  return out.data() + out.size() - size;
}

void append_escape(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += kHex[static_cast<uint8_t>(c) >> 4];
  out += kHex[c & 15];
}

template <class T>
void append_number(std::string& out, T value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// At most `most` bytes of `value`, ending between two characters if it was UTF-8.
std::string_view cut(std::string_view value, size_t most) {
  while (most > 0 && (value[most] & 0xc0) == 0x80) --most;
  return value.substr(0, most);
}

}  // namespace

void append_json_string(std::string& out, std::string_view value, size_t most) {
  // Nearly every text is short and plain: one append, not one for each part.
  if (value.size() <= most && plain_size(value) == value.size()) {
    char* room = append_room(out, value.size() + 2);
    *room = '"';
    value.copy(room + 1, value.size());
    room[value.size() + 1] = '"';
    return;
  }
  bool too_long = value.size() > most;
  if (too_long) value = cut(value, most);
  out += '"';
  while (!value.empty()) {
    size_t plain = plain_size(value);
    out.append(value.data(), plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    char32_t point = 0;
    size_t length = utf8_decode(value, point);
    if (length > 1) {
      out.append(value.data(), length);
    } else if (length == 1) {
      append_escape(out, value[0]);
    } else {
      out += kReplacement;
      length = 1;
    }
    value.remove_prefix(length);
  }
  if (too_long) out += "…";
  out += '"';
}

void JsonObject::put_key(std::string_view key) {
  char* room = append_room(out_, key.size() + (first_ ? 3 : 4));
  if (!first_) *room++ = ',';
  first_ = false;
  *room++ = '"';
  room += key.copy(room, key.size());
  *room++ = '"';
  *room = ':';
}

void JsonObject::text(std::string_view key, std::string_view value, size_t most) {
  put_key(key);
  append_json_string(out_, value, most);
}

void JsonObject::number(std::string_view key, int64_t value) {
  put_key(key);
  append_number(out_, value);
}

void JsonObject::number(std::string_view key, uint64_t value) {
  put_key(key);
  append_number(out_, value);
}

void JsonObject::boolean(std::string_view key, bool value) {
  put_key(key);
  out_ += value ? "true" : "false";
}

void JsonObject::time(std::string_view key, WallTime value) {
  put_key(key);
  char text[kTimestampSize];
  write_timestamp(value, text);
  out_ += '"';
  out_.append(text, sizeof text);
  out_ += '"';
}

void JsonObject::address(std::string_view key, const Address& value) {
  put_key(key);
  out_ += '"';
  value.append_text(out_);
  out_ += '"';
}

}  // namespace sallyport
