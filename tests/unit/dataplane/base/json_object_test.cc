#include "dataplane/base/json_object.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace sallyport {
namespace {

std::string quoted(std::string_view value, size_t most = 1000) {
  std::string out = "before ";
  append_json_string(out, value, most);
  return out.substr(7);
}

TEST(JsonString, EscapesAndRepairs) {
  struct Row {
    std::string_view value, text;
  };
  const Row rows[] = {
      {"", "\"\""},
      {"shop.example.com", "\"shop.example.com\""},
      {"\"\\/", "\"\\\"\\\\/\""},
      {"a\nb\rc\td", "\"a\\nb\\rc\\td\""},
      {std::string_view("\0\x1f", 2), "\"\\u0000\\u001f\""},
      {"\x7f", "\"\\u007f\""},
      {"größe €😀", "\"größe €😀\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"a\xc3(", "\"a\xef\xbf\xbd(\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const Row& row : rows) EXPECT_EQ(quoted(row.value), row.text);
}

TEST(JsonString, CutsBetweenCharacters) {
  EXPECT_EQ(quoted("abcdef", 6), "\"abcdef\"");
  EXPECT_EQ(quoted("abcdef", 5), "\"abcde…\"");
  EXPECT_EQ(quoted("ab€", 4), "\"ab…\"");
  EXPECT_EQ(quoted("ab€f", 5), "\"ab€…\"");
  EXPECT_EQ(quoted("\x80\x80\x80", 2), "\"…\"");
}

TEST(JsonString, IsValidForEveryPairOfBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char value[] = {static_cast<char>(first), static_cast<char>(second)};
      std::string text = quoted({value, 2});
      rapidjson::Document document;
      document.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str(), text.size());
      ASSERT_FALSE(document.HasParseError()) << first << " " << second;
    }
  }
}

// Plain text is passed over several bytes at a time.
TEST(JsonString, SeesEveryByteWhereverItStands) {
  for (size_t before = 0; before < 18; ++before) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(before, 'a');
      text += static_cast<char>(byte);
      text += "bbbbbbbbb";
      bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
      std::string as_it_is = "\"" + text + "\"";
      std::string json = sallyport::quoted(text);
      ASSERT_EQ(json == as_it_is, plain) << before << " " << byte;
      rapidjson::Document document;
      document.Parse<rapidjson::kParseValidateEncodingFlag>(json.c_str());
      ASSERT_FALSE(document.HasParseError()) << before << " " << byte;
      if (byte < 0x80) {
        ASSERT_EQ(std::string(document.GetString(), document.GetStringLength()), text);
      }
    }
  }
}

TEST(JsonObject, WritesEachKind) {
  std::string out;
  JsonObject object(out);
  object.text("text", "a\"b");
  object.number("least", INT64_MIN);
  object.number("most", UINT64_MAX);
  object.boolean("yes", true);
  object.boolean("no", false);
  object.time("time", WallTime(Micros(1)));
  object.address("four", *Address::parse("255.255.255.255:65535"));
  object.address("six", *Address::parse("[2001:db8::1]:443"));
  object.address("none", Address());
  object.end();
  EXPECT_EQ(out,
            R"({"text":"a\"b","least":-9223372036854775808,"most":18446744073709551615,)"
            R"("yes":true,"no":false,"time":"1970-01-01T00:00:00.000001Z",)"
            R"("four":"255.255.255.255:65535","six":"[2001:db8::1]:443","none":"-"})");
}

TEST(JsonObject, MayBeEmpty) {
  std::string out;
  JsonObject(out).end();
  EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace sallyport
