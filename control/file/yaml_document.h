// From text to a tree of plain values. YAML is used for its looks: mappings, lists and words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/model/config.h"

namespace sallyport {

/// A node of the tree. What is in a mapping has a key. Lines and columns count from 1, and columns
/// in bytes.
struct YamlNode {
  enum class Kind { Null, Scalar, List, Mapping };
  Kind kind = Kind::Null;
  int line = 1;
  int column = 1;
  std::string scalar;
  std::vector<YamlNode> items;  // of a list or a mapping, in the order in which they are written
  std::string key;
  int key_line = 0;
  int key_column = 0;
};

/// The one document in `text`, or none after a Problem that says why not. Refused are: what is not
/// YAML or not UTF-8, a second document, anchors, aliases and tags (they hide what a value is from
/// its reader), control characters, and more than 64 MiB, 4 million values or 32 levels (no
/// configuration needs them, but they cost memory and stack). A key may stand twice in a mapping:
/// to whoever reads the mapping, that is an error.
std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file,
                                   Problems& problems);

}  // namespace sallyport
