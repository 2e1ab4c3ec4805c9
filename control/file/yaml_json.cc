#include "control/file/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "dataplane/base/json_object.h"

namespace sallyport {
namespace {

constexpr size_t kMostValues = 1'000'000;
constexpr size_t kMostLevels = 64;

// A number as JSON and YAML both write it: nothing in octal, no infinity.
bool is_number(const std::string& text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  size_t digits = at;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  if (digits == at || (text[at] == '0' && digits > at + 1)) return false;
  if (digits == text.size()) return digits - at < 19;
  if (text[digits] != '.') return false;
  size_t end = digits + 1;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end == text.size() && end > digits + 1;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void write(const YAML::Node& node, size_t level) {
    if (++values_ > kMostValues) throw YAML::Exception(node.Mark(), "too many values");
    if (level > kMostLevels) throw YAML::Exception(node.Mark(), "too many levels");
    switch (node.Type()) {
      case YAML::NodeType::Map: return write_map(node, level);
      case YAML::NodeType::Sequence: return write_list(node, level);
      case YAML::NodeType::Scalar: return write_scalar(node);
      default: out_ += "null";
    }
  }

 private:
  void write_map(const YAML::Node& node, size_t level) {
    out_ += '{';
    bool first = true;
    for (const auto& item : node) {
      if (!item.first.IsScalar()) throw YAML::Exception(item.first.Mark(), "a key is no text");
      if (!first) out_ += ',';
      first = false;
      append_json_string(out_, item.first.Scalar());
      out_ += ':';
      write(item.second, level + 1);
    }
    out_ += '}';
  }

  void write_list(const YAML::Node& node, size_t level) {
    out_ += '[';
    bool first = true;
    for (const YAML::Node& item : node) {
      if (!first) out_ += ',';
      first = false;
      write(item, level + 1);
    }
    out_ += ']';
  }

  void write_scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    bool plain = node.Tag() == "?";
    if (plain && (text == "true" || text == "True" || text == "TRUE")) {
      out_ += "true";
    } else if (plain && (text == "false" || text == "False" || text == "FALSE")) {
      out_ += "false";
    } else if (plain && (text.empty() || text == "~" || text == "null" || text == "Null")) {
      out_ += "null";
    } else if (plain && is_number(text)) {
      out_ += text;
    } else {
      append_json_string(out_, text);
    }
  }

  std::string& out_;
  size_t values_ = 0;
};

}  // namespace

Result<std::vector<JsonDocument>> yaml_to_json(std::string_view text) {
  std::vector<JsonDocument> documents;
  try {
    std::istringstream stream{std::string(text)};
    for (const YAML::Node& node : YAML::LoadAll(stream)) {
      if (!node.IsDefined() || node.IsNull()) continue;
      JsonDocument document;
      document.line = node.Mark().line + 1;
      Writer(document.json).write(node, 0);
      documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& e) {
    return Error{std::to_string(e.mark.line + 1) + ":" + std::to_string(e.mark.column + 1) + ": " +
                 e.msg};
  }
  return documents;
}

}  // namespace sallyport
