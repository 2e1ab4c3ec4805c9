// A mapping of a document, read key by key. Whoever reads one asks for each key that there can be;
// what nobody has asked for is unknown, and an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/file/yaml_document.h"
#include "dataplane/base/result.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Where `node`, which is called `path`, stands in `file`.
Place place_of(const YamlNode& node, const std::string& file, std::string path);

/// "off, optional or required"
template <class E>
std::string words_of() {
  std::string list;
  auto all = words<E>();
  for (size_t i = 0; i < all.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == all.size() ? " or " : ", ") + std::string(all[i].text);
  }
  return list;
}

/// REQUIRES: the node and the Problems outlive it.
class YamlMapping {
 public:
  /// Complains if `node` is no mapping; every key is then missing without being missed.
  YamlMapping(const YamlNode& node, Place place, Problems& problems);

  /// Whether it was one.
  bool valid() const { return node_.kind == YamlNode::Kind::Mapping; }
  const Place& place() const { return place_; }

  /// The values of one kind. What is of another kind is complained about, and then wrong().
  Written<std::string> text(const char* key);
  Written<uint64_t> count(const char* key);
  Written<uint64_t> size(const char* key);
  Written<Millis> duration(const char* key);
  Written<bool> boolean(const char* key);
  WrittenList<std::string> texts(const char* key);
  WrittenList<std::string> text_or_texts(const char* key);  // one alone is a list of one
  Written<DraftTarget> target(const char* key);             // a service's name, or a list
  DraftFields fields(const char* key);                      // of any names
  /// One of the words of E, of which `wanted` lists those that are worth trying.
  template <class E>
  Written<E> word(const char* key, const std::string& wanted = words_of<E>());

  /// For what has a shape of its own: the node under `key`, or null; and its place.
  const YamlNode* child(const char* key);
  Place place_of_child(const YamlNode& child) const;

  /// The items of the list under `key`. `read(item, place)` returns an optional T; what it made
  /// nothing of is left out, after a complaint of its own.
  template <class T, class Read>
  Written<std::vector<T>> list(const char* key, Read read);

  /// Complains about keys that nobody has asked for, and about keys that stand twice. Call it last.
  void finish();

  void complain_at(const YamlNode& child, std::string message);

 private:
  bool check_kind(const YamlNode& child, YamlNode::Kind kind, const char* wanted);
  /// The scalar under `key`, given to `parse`, which returns a Result<T>.
  template <class T, class Parse>
  Written<T> scalar(const char* key, const char* wanted, Parse parse);
  template <class T>
  Written<T> left_out() const;
  void report_unknown(const YamlNode& item);
  Place place_of_key(const YamlNode& item) const;
  Place item_place(const YamlNode& list, size_t index) const;
  std::vector<Written<std::string>> items(const YamlNode& list);

  const YamlNode& node_;
  Place place_;
  Problems& problems_;
  std::vector<std::string> known_;
};

template <class T>
Written<T> YamlMapping::left_out() const {
  Written<T> written;
  written.place = place_;
  return written;
}

template <class T, class Parse>
Written<T> YamlMapping::scalar(const char* key, const char* wanted, Parse parse) {
  const YamlNode* node = child(key);
  if (!node) return left_out<T>();
  Written<T> written;
  written.given = true;
  written.place = place_of_child(*node);
  if (!check_kind(*node, YamlNode::Kind::Scalar, wanted)) return written;
  Result<T> parsed = parse(node->scalar);
  if (parsed) {
    written.value = *parsed;
  } else {
    complain_at(*node, parsed.error().message);
  }
  return written;
}

template <class E>
Written<E> YamlMapping::word(const char* key, const std::string& wanted) {
  return scalar<E>(key, wanted.c_str(), [&](const std::string& text) -> Result<E> {
    for (const Word<E>& known : words<E>()) {
      if (text == known.text) return known.value;
    }
    return Error{in_quotes(text) + " is not possible here: write " + wanted};
  });
}

template <class T, class Read>
Written<std::vector<T>> YamlMapping::list(const char* key, Read read) {
  const YamlNode* node = child(key);
  if (!node) return left_out<std::vector<T>>();
  Written<std::vector<T>> written;
  written.given = true;
  written.place = place_of_child(*node);
  if (!check_kind(*node, YamlNode::Kind::List, "a list")) return written;
  written.value.emplace();
  written.value->reserve(node->items.size());  // growing would copy what is there, again and again
  for (size_t i = 0; i < node->items.size(); ++i) {
    std::optional<T> item = read(node->items[i], item_place(*node, i));
    if (item) written.value->push_back(std::move(*item));
  }
  if (written.value->empty() && !node->items.empty()) written.value.reset();
  return written;
}

}  // namespace sallyport
