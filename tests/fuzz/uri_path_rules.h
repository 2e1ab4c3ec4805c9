// What must hold of normalize_path() for any path whatever.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/wire/http_char.h"
#include "dataplane/wire/uri_path.h"

namespace sallyport {
namespace uri_path_rules {

struct Normal {
  PathStatus status;
  std::string path;
};

inline Normal normal(std::string_view path, EncodedSlash slashes) {
  std::vector<uint8_t> room(path.size());  // as small as it may be
  size_t size = 0;
  Normal out{normalize_path(path, slashes, room, size), {}};
  if (out.status != PathStatus::Ok) return out;
  CHECK(size <= path.size());
  out.path = as_text(Bytes(room).first(size));
  return out;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// As a backend might that unescapes everything before it looks for segments.
inline std::string unescaped(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    auto value = static_cast<uint8_t>(hex_value(path[i + 1]) << 4 | hex_value(path[i + 2]));
    out += value == '\\' ? '/' : static_cast<char>(value);
    i += 2;
  }
  return out;
}

inline void check_normal(const std::string& path, EncodedSlash slashes) {
  CHECK(path.starts_with('/') && all_chars(kPathChar, path));
  for (const char* part : {"//", "/./", "/../", "%00", "/..;", "/.;"}) CHECK(!contains(path, part));
  CHECK(!path.ends_with("/.") && !path.ends_with("/.."));
  std::string other = unescaped(path) + "/";
  CHECK(!contains(other, "/../") && !contains(other, "/./") && !contains(other, "/..;"));
  if (slashes == EncodedSlash::Refuse) CHECK(!contains(path, "%2F") && !contains(path, "%5C"));
  Normal again = normal(path, slashes);
  CHECK(again.status == PathStatus::Ok && again.path == path);
}

}  // namespace uri_path_rules

inline void check_uri_path(std::string_view path) {
  using uri_path_rules::normal;
  if (!path.starts_with('/')) {
    CHECK(!is_normal_path(path));
    return;
  }
  auto keep = normal(path, EncodedSlash::Keep), refuse = normal(path, EncodedSlash::Refuse);
  if (keep.status == PathStatus::Ok) uri_path_rules::check_normal(keep.path, EncodedSlash::Keep);
  if (refuse.status == PathStatus::Ok) {
    uri_path_rules::check_normal(refuse.path, EncodedSlash::Refuse);
    CHECK(keep.status == PathStatus::Ok && keep.path == refuse.path);
  }
  if (is_normal_path(path)) CHECK(refuse.status == PathStatus::Ok && refuse.path == path);
}

}  // namespace sallyport
