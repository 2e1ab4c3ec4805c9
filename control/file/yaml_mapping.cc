#include "control/file/yaml_mapping.h"

#include <algorithm>
#include <set>

#include "dataplane/model/quantity.h"

namespace sallyport {
namespace {

const char* called(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::Null: return "nothing";
    case YamlNode::Kind::Scalar: return "a single value";
    case YamlNode::Kind::List: return "a list";
    case YamlNode::Kind::Mapping: return "a mapping";
  }
  return "";
}

std::string wrong_kind(YamlNode::Kind kind, const char* wanted) {
  if (kind == YamlNode::Kind::Null) {
    return std::string("has no value: write ") + wanted + ", or leave it out";
  }
  return std::string("is ") + called(kind) + ": write " + wanted;
}

Result<bool> parse_boolean(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Error{in_quotes(text) + " is neither true nor false: write one of them"};
}

}  // namespace

Place place_of(const YamlNode& node, const std::string& file, std::string path) {
  // Nothing stands nowhere: its key is what a reader can look at.
  bool at_key = node.kind == YamlNode::Kind::Null && node.key_line > 0;
  return {file, at_key ? node.key_line : node.line, at_key ? node.key_column : node.column,
          std::move(path)};
}

YamlMapping::YamlMapping(const YamlNode& node, Place place, Problems& problems)
    : node_(node), place_(std::move(place)), problems_(problems) {
  if (!valid()) complain(problems_, place_, wrong_kind(node_.kind, "a mapping: {key: value, …}"));
}

const YamlNode* YamlMapping::child(const char* key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  for (const YamlNode& item : node_.items) {
    if (valid() && item.key == key) return &item;
  }
  return nullptr;
}

Place YamlMapping::place_of_child(const YamlNode& child) const {
  return place_of(child, place_.source,
                  place_.path.empty() ? child.key : place_.path + "." + child.key);
}

Place YamlMapping::item_place(const YamlNode& list, size_t index) const {
  return place_of(list.items[index], place_.source,
                  place_of_child(list).path + "[" + std::to_string(index) + "]");
}

void YamlMapping::complain_at(const YamlNode& child, std::string message) {
  complain(problems_, place_of_child(child), std::move(message));
}

bool YamlMapping::check_kind(const YamlNode& child, YamlNode::Kind kind, const char* wanted) {
  if (child.kind == kind) return true;
  complain_at(child, wrong_kind(child.kind, wanted));
  return false;
}

Written<std::string> YamlMapping::text(const char* key) {
  return scalar<std::string>(key, "one value",
                             [](const std::string& text) { return Result<std::string>(text); });
}

Written<uint64_t> YamlMapping::count(const char* key) {
  return scalar<uint64_t>(key, "a number", parse_count);
}

Written<uint64_t> YamlMapping::size(const char* key) {
  return scalar<uint64_t>(key, "a size such as 64KiB", parse_size);
}

Written<Millis> YamlMapping::duration(const char* key) {
  return scalar<Millis>(key, "a duration such as 30s", parse_duration);
}

Written<bool> YamlMapping::boolean(const char* key) {
  return scalar<bool>(key, "true or false", parse_boolean);
}

std::vector<Written<std::string>> YamlMapping::items(const YamlNode& list) {
  std::vector<Written<std::string>> all;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = list.items[i];
    Written<std::string> written;
    written.given = true;
    written.place = item_place(list, i);
    if (item.kind == YamlNode::Kind::Scalar) {
      written.value = item.scalar;
    } else {
      complain(problems_, written.place, wrong_kind(item.kind, "one value"));
    }
    all.push_back(std::move(written));
  }
  return all;
}

WrittenList<std::string> YamlMapping::texts(const char* key) {
  const YamlNode* node = child(key);
  if (!node) return left_out<std::vector<Written<std::string>>>();
  WrittenList<std::string> written;
  written.given = true;
  written.place = place_of_child(*node);
  if (check_kind(*node, YamlNode::Kind::List, "a list")) written.value = items(*node);
  return written;
}

WrittenList<std::string> YamlMapping::text_or_texts(const char* key) {
  const YamlNode* node = child(key);
  if (!node || node->kind != YamlNode::Kind::Scalar) return texts(key);
  WrittenList<std::string> written;
  written.given = true;
  written.place = place_of_child(*node);
  Written<std::string> only;
  only.given = true;
  only.place = written.place;
  only.value = node->scalar;
  written.value.emplace({std::move(only)});
  return written;
}

Written<DraftTarget> YamlMapping::target(const char* key) {
  const YamlNode* node = child(key);
  if (!node) return left_out<DraftTarget>();
  Written<DraftTarget> written;
  written.given = true;
  written.place = place_of_child(*node);
  if (node->kind == YamlNode::Kind::Scalar) {
    written.value = DraftTarget{node->scalar, {}};
  } else if (check_kind(*node, YamlNode::Kind::List, "a service's name, or a list of HOST:PORT")) {
    written.value = DraftTarget{{}, items(*node)};
  }
  return written;
}

DraftFields YamlMapping::fields(const char* key) {
  const YamlNode* node = child(key);
  if (!node) return left_out<std::vector<DraftField>>();
  DraftFields written;
  written.given = true;
  written.place = place_of_child(*node);
  if (!check_kind(*node, YamlNode::Kind::Mapping, "a mapping: {Name: value, …}")) return written;
  written.value.emplace();
  YamlMapping inner(*node, written.place, problems_);
  for (const YamlNode& item : node->items) {
    DraftField& field = written.value->emplace_back();
    field.name.given = field.value.given = true;
    field.name.place = inner.place_of_key(item);
    field.name.value = item.key;
    field.value.place = inner.place_of_child(item);
    if (inner.check_kind(item, YamlNode::Kind::Scalar, "one value")) {
      field.value.value = item.scalar;
    }
  }
  return written;
}

void YamlMapping::finish() {
  if (!valid()) return;
  std::set<std::string_view> seen;
  for (const YamlNode& item : node_.items) {
    if (problems_.size() >= kMostProblems) return;
    if (!seen.insert(item.key).second) {
      complain(problems_, place_of_key(item), "stands twice here: leave one of them out");
    } else if (std::find(known_.begin(), known_.end(), item.key) == known_.end()) {
      report_unknown(item);
    }
  }
}

void YamlMapping::report_unknown(const YamlNode& item) {
  std::string meant = nearest(item.key, known_);
  std::string known;
  for (const std::string& key : known_) known += (known.empty() ? "" : ", ") + key;
  complain(problems_, place_of_key(item),
           "is not a known key" + (meant.empty() ? "" : ", did you mean " + meant + "?") +
               " (known: " + known + ")");
}

Place YamlMapping::place_of_key(const YamlNode& item) const {
  Place place = place_of_child(item);
  place.line = item.key_line;
  place.column = item.key_column;
  return place;
}

}  // namespace sallyport
