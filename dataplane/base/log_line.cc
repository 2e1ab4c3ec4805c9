#include "dataplane/base/log_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dataplane/base/timestamp.h"
#include "dataplane/base/utf8.h"

namespace sallyport {

namespace {

constexpr std::string_view kCut = "…";

// Characters that move a terminal's cursor, break a line or reorder it: the C0 and C1 controls,
// the Unicode line separators and the bidirectional overrides.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

bool reads_as_one_word(std::string_view value) {
  auto harmless = [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  };
  return !value.empty() && std::all_of(value.begin(), value.end(), harmless);
}

// "\n", or "\xNN" for each byte.
std::string_view escape(std::string_view bytes, char (&out)[16]) {
  if (bytes == "\n") return "\\n";
  if (bytes == "\r") return "\\r";
  if (bytes == "\t") return "\\t";
  size_t size = 0;
  for (char c : bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    uint8_t byte = static_cast<uint8_t>(c);
    out[size++] = '\\';
    out[size++] = 'x';
    out[size++] = kHex[byte >> 4];
    out[size++] = kHex[byte & 15];
  }
  return {out, size};
}

}  // namespace

const char* name(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warning: return "warning";
    case LogLevel::Error: return "error";
  }
  return "?";
}

LogLine::LogLine(WallTime time, LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields) {
  char timestamp[kTimestampSize];
  write_timestamp(time, timestamp);
  put({timestamp, sizeof timestamp});
  put(" ");
  put(name(level));
  put(" ");
  put_escaped(message, false);
  for (const LogField& field : fields) add(field);
}

void LogLine::add(const LogField& field) {
  put(" ");
  put_escaped(field.key, false);
  put("=");
  if (auto* text = std::get_if<std::string_view>(&field.value)) return put_value(*text);
  char digits[24];
  char* end = digits;
  if (auto* number = std::get_if<int64_t>(&field.value)) {
    end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
  } else {
    end = std::to_chars(digits, digits + sizeof digits, std::get<uint64_t>(field.value)).ptr;
  }
  put({digits, static_cast<size_t>(end - digits)});
}

std::string_view LogLine::finish() {
  if (full_) {
    std::memcpy(text_ + size_, kCut.data(), kCut.size());
    size_ += kCut.size();
  }
  text_[size_++] = '\n';
  return {text_, size_};
}

// A piece goes in whole or not at all, so that no escape and no character is ever halved; after
// the first that does not fit, none does. What finish() adds always has room.
void LogLine::put(std::string_view piece) {
  full_ |= piece.size() > kMost - kCut.size() - 1 - size_;
  if (full_) return;
  std::memcpy(text_ + size_, piece.data(), piece.size());
  size_ += piece.size();
}

void LogLine::put_value(std::string_view value) {
  if (value.size() <= kValueMost && reads_as_one_word(value)) return put(value);
  put("\"");
  put_escaped(value, true);
  put("\"");
}

void LogLine::put_escaped(std::string_view text, bool quoted) {
  size_t start = size_;
  while (!text.empty() && !full_) {
    if (size_ - start > kValueMost) return put(kCut);
    char32_t point = 0;
    size_t length = utf8_decode(text, point);
    std::string_view piece = text.substr(0, std::max<size_t>(length, 1));
    char escaped[16];
    if (length == 0 || is_control(point)) {
      put(escape(piece, escaped));
    } else if (quoted && (point == '"' || point == '\\')) {
      put("\\");
      put(piece);
    } else {
      put(piece);
    }
    text.remove_prefix(piece.size());
  }
}

}  // namespace sallyport
