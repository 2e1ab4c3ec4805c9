#include "control/file/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "dataplane/base/utf8.h"

namespace sallyport {
namespace {

constexpr size_t kMostBytes = 64 * 1024 * 1024;
constexpr size_t kMostNodes = 4'000'000;
constexpr size_t kMostLevels = 32;
constexpr size_t kMostOpen = 1000;
constexpr const char* kTooDeep = "more than 32 levels are not available";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

int from_one(int zero_based) { return std::max(zero_based, 0) + 1; }

bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7f; }

// Reads from a view without copying it.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's signature; nobody writes
    setg(begin, begin, begin + text.size());
  }
};

// What is YAML, but nothing that a configuration may use.
class Unavailable : public YAML::ParserException {
 public:
  using ParserException::ParserException;
};

// Builds the tree from yaml-cpp's events. Throws Unavailable through yaml-cpp.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, {}, anchor);
    add(node(YamlNode::Kind::Null, mark), mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    if (std::any_of(value.begin(), value.end(), is_control)) {
      throw Unavailable(mark, "a value has no line breaks or other control characters");
    }
    YamlNode scalar = node(YamlNode::Kind::Scalar, mark);
    scalar.scalar = value;
    add(std::move(scalar), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(node(YamlNode::Kind::List, mark), mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(node(YamlNode::Kind::Mapping, mark), mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YamlNode key = {};  // of a mapping: the key whose value comes next
    bool has_key = false;
  };

  static YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode made;
    made.kind = kind;
    made.line = from_one(mark.line);
    made.column = from_one(mark.column);
    return made;
  }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse_anchor(mark);
    // "?" is what yaml-cpp calls no tag, and "!" that of a scalar in quotes.
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Unavailable(mark, "tags are not available: write the value alone");
    }
    if (++nodes_ > kMostNodes) {
      throw Unavailable(mark, "more than 4 million values are not available");
    }
  }

  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    throw Unavailable(mark, "anchors and aliases are not available: write the value out");
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    if (open_.size() >= kMostLevels) {
      throw Unavailable(mark, kTooDeep);
    }
    if (expects_key()) refuse_key(mark);
    open_.push_back({std::move(node)});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(done));
  }

  void add(YamlNode node, const YAML::Mark& mark) {
    if (!expects_key()) return put(std::move(node));
    if (node.kind != YamlNode::Kind::Scalar) refuse_key(mark);
    open_.back().key = std::move(node);
    open_.back().has_key = true;
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::Mapping &&
           !open_.back().has_key;
  }

  [[noreturn]] static void refuse_key(const YAML::Mark& mark) {
    throw Unavailable(mark, "is taken for a key: write one word as a key, and close every bracket");
  }

  void put(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.has_key) {
      node.key = std::move(parent.key.scalar);
      node.key_line = parent.key.line;
      node.key_column = parent.key.column;
      parent.has_key = false;
    }
    parent.node.items.push_back(std::move(node));
  }

  YamlNode root_;
  std::vector<Open> open_;
  size_t nodes_ = 0;
};

// Where `text` has a byte that no configuration has, or its size. Line breaks and tabs are fine:
// YAML has its own rules for them.
size_t first_bad_byte(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (is_control(text[at]) && text[at] != '\n' && text[at] != '\r' && text[at] != '\t') return at;
    char32_t point = 0;
    size_t length = utf8_decode(text.substr(at), point);
    if (length == 0) return at;
    at += length;
  }
  return text.size();
}

// Where the thousandth bracket is opened of which none is closed, or the text's size. yaml-cpp
// looks for the end of the first before it says a word, and keeps 200 bytes for each. Brackets in
// quotes are taken for brackets, too: no configuration has a thousand.
size_t first_too_deep(std::string_view text) {
  size_t open = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[' || text[at] == '{') {
      if (++open > kMostOpen) return at;
    } else if (open > 0 && (text[at] == ']' || text[at] == '}')) {
      --open;
    }
  }
  return text.size();
}

Place place_in(std::string_view text, size_t at, const std::string& file) {
  std::string_view before = text.substr(0, at);
  size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  auto lines = std::count(before.begin(), before.end(), '\n');
  return {file, static_cast<int>(lines) + 1, static_cast<int>(at - line_start) + 1};
}

bool check_bytes(std::string_view text, const std::string& file, Problems& problems) {
  if (text.size() > kMostBytes) {
    problems.push_back({{file, 1, 1}, "", "has more than 64 MiB"});
    return false;
  }
  if (size_t bad = first_bad_byte(text); bad < text.size()) {
    problems.push_back({place_in(text, bad, file),
                        "",
                        is_control(text[bad]) ? "a control character: write plain text"
                                              : "is not UTF-8"});
    return false;
  }
  if (size_t deep = first_too_deep(text); deep < text.size()) {
    problems.push_back({place_in(text, deep, file), "", kTooDeep});
    return false;
  }
  return true;
}

// What yaml-cpp says, and what may help with a mistake that everybody makes.
std::string words_for(const YAML::Exception& error) {
  if (dynamic_cast<const Unavailable*>(&error)) return error.msg;
  std::string message = "is not valid YAML: " + error.msg;
  if (error.msg.find("alias") != std::string::npos ||
      error.msg.find("anchor") != std::string::npos) {
    message += " (a host that begins with * stands in quotes)";
  }
  return message;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file,
                                   Problems& problems) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!check_bytes(text, file, problems)) return std::nullopt;
  Place place{file, 1, 1};
  std::string message;
  // yaml-cpp reports by throwing; its exceptions, and those of the TreeBuilder, end here.
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    YamlNode root = builder.take();
    TreeBuilder rest;
    if (!parser.HandleNextDocument(rest)) return root;
    YamlNode second = rest.take();
    place.line = second.line;
    place.column = second.column;
    message = "a second document begins here: write one document";
  } catch (const YAML::Exception& error) {
    place.line = from_one(error.mark.line);
    place.column = from_one(error.mark.column);
    message = words_for(error);
  } catch (const std::exception& error) {
    message = std::string("cannot be read: ") + error.what();
  }
  problems.push_back({place, "", message});
  return std::nullopt;
}

}  // namespace sallyport
