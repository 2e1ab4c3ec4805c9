// The pattern of a Regex route, compiled.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace re2 {
class RE2;
}

namespace sallyport {

/// What ingress-nginx makes of a path with use-regex: it matches from the beginning of a path, in
/// any case, and need not match to its end. In time that grows with the path alone (RE2), so that
/// nobody's path costs more than another's. Immutable; shared by threads.
class PathPattern {
 public:
  /// As many as "$1" to "$9" can mean.
  static constexpr size_t kMostGroups = 9;
  /// What the groups have matched, the whole in front: views into the path. A group that took no
  /// part is empty.
  using Groups = std::array<std::string_view, kMostGroups + 1>;

  /// Or what is wrong with it, and what would be right.
  static Result<std::shared_ptr<const PathPattern>> compile(std::string_view text);
  ~PathPattern();

  const std::string& text() const { return text_; }
  size_t groups() const { return groups_; }  // at most kMostGroups
  bool matches(std::string_view path) const;
  /// False: it does not match, and `out` is as it was.
  bool match(std::string_view path, Groups& out) const;

 private:
  PathPattern(std::string_view text, std::unique_ptr<const re2::RE2> compiled);

  std::string text_;
  size_t groups_;
  std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace sallyport
