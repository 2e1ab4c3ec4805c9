// One line of the operational log: "time level message key=value …".
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "dataplane/base/clock.h"

namespace sallyport {

enum class LogLevel : uint8_t { Debug, Info, Warning, Error };

const char* name(LogLevel);  // "warning"

/// A key and its value, a view of the caller's: made and used within one call.
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  template <std::same_as<bool> T>
  LogField(std::string_view k, T v) : key(k), value(std::string_view(v ? "true" : "false")) {}
  template <std::signed_integral T>
  LogField(std::string_view k, T v) : key(k), value(static_cast<int64_t>(v)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view k, T v) : key(k), value(static_cast<uint64_t>(v)) {}

  std::string_view key;
  std::variant<std::string_view, int64_t, uint64_t> value;
};

/// Formats into itself; allocates nothing. Whatever the values are, the text is one line of
/// well-formed UTF-8 without control characters: values are quoted where they would not read as
/// one word and escaped (\n, \", \xNN), and cut ("…") where they or the line would be too long.
class LogLine {
 public:
  static constexpr size_t kMost = 4096;
  static constexpr size_t kValueMost = 1024;  // characters of one value, escaped

  LogLine(WallTime time, LogLevel level, std::string_view message,
          std::initializer_list<LogField> fields);

  void add(const LogField& field);
  /// Ends with a newline. Nothing may be added after it was asked for.
  std::string_view finish();

 private:
  void put(std::string_view piece);
  void put_value(std::string_view value);
  void put_escaped(std::string_view text, bool quoted);

  size_t size_ = 0;
  bool full_ = false;
  char text_[kMost];
};

}  // namespace sallyport
