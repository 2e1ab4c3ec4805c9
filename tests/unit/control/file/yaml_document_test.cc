#include "control/file/yaml_document.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::optional<YamlNode> parse(std::string_view text, Problems& problems) {
  return parse_yaml(text, "edge.yaml", problems);
}

YamlNode parsed(std::string_view text) {
  Problems problems;
  auto root = parse(text, problems);
  EXPECT_TRUE(root) << (problems.empty() ? "" : problems[0].text());
  EXPECT_TRUE(problems.empty());
  return root.value_or(YamlNode{});
}

std::string refused(std::string_view text) {
  Problems problems;
  EXPECT_FALSE(parse(text, problems));
  EXPECT_EQ(problems.size(), 1u);
  return problems.empty() ? "" : problems[0].text();
}

TEST(YamlDocument, KnowsWhereEverythingStands) {
  YamlNode root = parsed("a: 1\nlist:\n  - {b: \"two\", c: }\n  - x\n");
  ASSERT_EQ(root.kind, YamlNode::Kind::Mapping);
  ASSERT_EQ(root.items.size(), 2u);
  EXPECT_EQ(root.items[0].key, "a");
  EXPECT_EQ(root.items[0].scalar, "1");
  EXPECT_EQ(root.items[0].line, 1);
  EXPECT_EQ(root.items[0].column, 4);
  const YamlNode& list = root.items[1];
  ASSERT_EQ(list.kind, YamlNode::Kind::List);
  ASSERT_EQ(list.items.size(), 2u);
  const YamlNode& inner = list.items[0];
  EXPECT_EQ(inner.line, 3);
  EXPECT_EQ(inner.column, 5);
  ASSERT_EQ(inner.items.size(), 2u);
  EXPECT_EQ(inner.items[0].scalar, "two");
  EXPECT_EQ(inner.items[0].key_column, 6);
  EXPECT_EQ(inner.items[0].column, 9);
  EXPECT_EQ(inner.items[1].kind, YamlNode::Kind::Null);
  EXPECT_EQ(inner.items[1].key_column, 16);
}

TEST(YamlDocument, KeepsWordsAsTheyAreWritten) {
  YamlNode root = parsed("[off, yes, 1.20, 0x10, ~, '', \"~\"]");
  ASSERT_EQ(root.items.size(), 7u);
  EXPECT_EQ(root.items[0].scalar, "off");
  EXPECT_EQ(root.items[1].scalar, "yes");
  EXPECT_EQ(root.items[2].scalar, "1.20");
  EXPECT_EQ(root.items[3].scalar, "0x10");
  EXPECT_EQ(root.items[4].kind, YamlNode::Kind::Null);
  EXPECT_EQ(root.items[5].kind, YamlNode::Kind::Scalar);
  EXPECT_EQ(root.items[6].scalar, "~");
}

TEST(YamlDocument, TakesWindowsLineEndsAndAByteOrderMark) {
  YamlNode root = parsed("\xef\xbb\xbf" "a: 1\r\nb: 2\r\n");
  ASSERT_EQ(root.items.size(), 2u);
  EXPECT_EQ(root.items[0].scalar, "1");
  EXPECT_EQ(root.items[1].key, "b");
  EXPECT_EQ(root.items[1].line, 2);
  EXPECT_EQ(root.items[1].column, 4);
}

TEST(YamlDocument, IsNothingWhenThereIsNothing) {
  EXPECT_EQ(parsed("").kind, YamlNode::Kind::Null);
  EXPECT_EQ(parsed("# a comment\n").kind, YamlNode::Kind::Null);
  EXPECT_EQ(parsed("---\n...\n").kind, YamlNode::Kind::Null);
}

TEST(YamlDocument, AllowsThirtyTwoLevels) {
  parsed(std::string(32, '[') + std::string(32, ']'));
  EXPECT_EQ(refused(std::string(33, '[') + std::string(33, ']')),
            "edge.yaml:1:33: more than 32 levels are not available");
}

// Were the parser to follow each level on the stack, these would end the process.
TEST(YamlDocument, SurvivesAnyNesting) {
  const size_t levels = 20'000;
  std::string dashes, braces, indents;
  for (size_t i = 0; i < levels; ++i) {
    dashes += "- ";
    braces += "{a: ";
  }
  for (size_t i = 0; i < 1'000; ++i) indents += std::string(i, ' ') + "a:\n";
  EXPECT_NE(refused(dashes), "");
  EXPECT_NE(refused(braces), "");
  EXPECT_NE(refused(indents), "");
  // Of megabytes of these, yaml-cpp would make gigabytes before it found the first one not closed.
  EXPECT_EQ(refused(std::string(levels, '[')),
            "edge.yaml:1:1001: more than 32 levels are not available");
}

// Nine levels of nine aliases each would be 400 million values.
TEST(YamlDocument, ExpandsNoAliases) {
  std::string bomb = "a: &a [x, x]\n";
  for (char level = 'b'; level < 'k'; ++level) {
    bomb += std::string(1, level) + ": &" + level + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? ", " : "") + "*" + char(level - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(refused(bomb), "edge.yaml:1:4: anchors and aliases are not available: "
                           "write the value out");
}

TEST(YamlDocument, IsAtMost64MiB) {
  std::string text(64 * 1024 * 1024 + 1, '\n');
  EXPECT_EQ(refused(text), "edge.yaml:1:1: has more than 64 MiB");
}

TEST(YamlDocument, IsUtf8WithoutControlCharacters) {
  parsed("name: \"\xf0\x9f\x94\x92 \xc3\xa9\"");
  EXPECT_EQ(refused("a: b\nc: \xff"), "edge.yaml:2:4: is not UTF-8");
  EXPECT_EQ(refused("a: \xc0\x80"), "edge.yaml:1:4: is not UTF-8");
  EXPECT_EQ(refused("a: \xed\xa0\x80"), "edge.yaml:1:4: is not UTF-8");
  EXPECT_EQ(refused(std::string_view("a\0b", 3)),
            "edge.yaml:1:2: a control character: write plain text");
  EXPECT_EQ(refused(std::string_view("\xff\xfe" "a\0", 4)), "edge.yaml:1:1: is not UTF-8");
  EXPECT_EQ(refused("a: \"\\x1b[0m\""), "edge.yaml:1:4: a value has no line breaks or other "
                                         "control characters");
}

}  // namespace
}  // namespace sallyport
