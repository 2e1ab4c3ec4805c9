#include "dataplane/base/log_line.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/utf8.h"

namespace sallyport {
namespace {

constexpr std::string_view kPrefix = "1970-01-01T00:00:00.000000Z ";

std::string line(LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields) {
  LogLine l(WallTime{}, level, message, fields);
  std::string text(l.finish());
  EXPECT_EQ(text.substr(0, kPrefix.size()), kPrefix);
  return text.substr(kPrefix.size());
}

std::string value(std::string_view v) {
  std::string text = line(LogLevel::Info, "m", {{"k", v}});
  EXPECT_EQ(text.substr(0, 9), "info m k=");
  EXPECT_EQ(text.back(), '\n');
  return text.substr(9, text.size() - 10);
}

TEST(LogLine, ReadsAsOneSentenceWithKeys) {
  std::string path = "edge.yaml";
  size_t problems = 3;
  EXPECT_EQ(line(LogLevel::Warning, "configuration refused",
                 {{"file", path}, {"problems", problems}, {"shift", -1}, {"watched", true}}),
            "warning configuration refused file=edge.yaml problems=3 shift=-1 watched=true\n");
  EXPECT_EQ(line(LogLevel::Debug, "m", {}), "debug m\n");
  EXPECT_EQ(line(LogLevel::Error, "m", {{"least", INT64_MIN}, {"most", UINT64_MAX}}),
            "error m least=-9223372036854775808 most=18446744073709551615\n");
}

TEST(LogLine, QuotesAndEscapesValues) {
  struct Row {
    std::string_view value, text;
  };
  const Row rows[] = {
      {"word", "word"},
      {"[::1]:443", "[::1]:443"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", "\"say \\\"hi\\\"\""},
      {"C:\\", "\"C:\\\\\""},
      {"a\nb\r\t", "\"a\\nb\\r\\t\""},
      {std::string_view("\0", 1), "\"\\x00\""},
      {"\x1b[2J", "\"\\x1b[2J\""},
      {"\x7f", "\"\\x7f\""},
      {"\xc2\x9b", "\"\\xc2\\x9b\""},          // CSI as a C1 control
      {"\xe2\x80\xae", "\"\\xe2\\x80\\xae\""},  // right-to-left override
      {"\xff\xc3", "\"\\xff\\xc3\""},
      {"münchen", "\"münchen\""},
  };
  for (const Row& row : rows) EXPECT_EQ(value(row.value), row.text);
}

TEST(LogLine, EscapesMessagesAndKeysToo) {
  EXPECT_EQ(line(LogLevel::Info, "a\nb", {{"k\n", "v"}}), "info a\\nb k\\n=v\n");
}

TEST(LogLine, CutsLongValues) {
  std::string text = value(std::string(100'000, 'x'));
  EXPECT_LT(text.size(), LogLine::kValueMost + 10);
  EXPECT_EQ(text.substr(text.size() - 5), "x…\"");
}

TEST(LogLine, CutsLongLinesBetweenCharacters) {
  // Every way in which the end can fall on characters of one to four bytes and on escapes.
  const std::string_view units[] = {"x", "ü", "€", "😀", "\n", "\xff", "\""};
  for (std::string_view unit : units) {
    for (size_t shift = 0; shift < 8; ++shift) {
      std::string long_value;
      while (long_value.size() < 1000) long_value += unit;
      std::string_view v = long_value;
      std::string text = line(LogLevel::Info, std::string(shift, 'm'),
                              {{"a", v}, {"b", v}, {"c", v}, {"d", v}, {"e", v}, {"f", v}});
      EXPECT_LE(text.size() + kPrefix.size(), LogLine::kMost);
      EXPECT_EQ(text.substr(text.size() - 4), "…\n");
      for (std::string_view rest = text; !rest.empty();) {
        char32_t point = 0;
        size_t length = utf8_decode(rest, point);
        ASSERT_GT(length, 0u) << testing::PrintToString(unit) << " shifted by " << shift;
        rest.remove_prefix(length);
      }
    }
  }
}

}  // namespace
}  // namespace sallyport
