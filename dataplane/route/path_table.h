// From a path to a route of one site: Exact before Regex before Prefix; the longest pattern, and
// the longest Prefix by whole segments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/path_pattern.h"

namespace sallyport {

struct Route;

/// Immutable once built. Holds borrowed routes: they live as long as the site that holds both.
class PathTable {
 public:
  /// REQUIRES: `path` begins with '/', and `type` is not Regex. The first route to claim a path of
  /// its type keeps it.
  void add(std::string_view path, PathType type, const Route& route);
  /// A Regex. Among patterns of one length, the first comes first.
  void add_pattern(std::shared_ptr<const PathPattern> pattern, const Route& route);

  /// `path` as normalize_path() leaves it. Null: no route is meant.
  /// A Prefix "/a" covers "/a" and "/a/b", not "/ab" (Ingress, pathType Prefix).
  const Route* find(std::string_view path) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, const Route*, Hash, std::equal_to<>>;

  struct Pattern {
    std::shared_ptr<const PathPattern> pattern;
    const Route* route;
  };

  Map exact_;
  std::vector<Pattern> patterns_;  // the longest first
  Map prefix_;               // without the '/' at the end
  const Route* root_ = nullptr;  // of the Prefix "/", which is most sites' only route
};

}  // namespace sallyport
