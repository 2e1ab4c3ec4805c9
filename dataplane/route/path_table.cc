#include "dataplane/route/path_table.h"

#include <algorithm>
#include <utility>

namespace sallyport {

void PathTable::add(std::string_view path, PathType type, const Route& route) {
  if (type == PathType::Exact) {
    exact_.emplace(path, &route);
    return;
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) {
    if (!root_) root_ = &route;
  } else {
    prefix_.emplace(path, &route);
  }
}

void PathTable::add_pattern(std::shared_ptr<const PathPattern> pattern, const Route& route) {
  size_t length = pattern->text().size();
  auto shorter = std::ranges::find_if(patterns_, [length](const Pattern& other) {
    return other.pattern->text().size() < length;
  });
  patterns_.insert(shorter, {std::move(pattern), &route});
}

const Route* PathTable::find(std::string_view path) const {
  if (!exact_.empty()) {
    auto found = exact_.find(path);
    if (found != exact_.end()) return found->second;
  }
  for (const Pattern& p : patterns_) {
    if (p.pattern->matches(path)) return p.route;
  }
  if (!prefix_.empty()) {
    // One look for each segment that the path has, from all of them down.
    if (path.ends_with('/')) path.remove_suffix(1);
    while (!path.empty()) {
      auto found = prefix_.find(path);
      if (found != prefix_.end()) return found->second;
      path = path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/'));
    }
  }
  return root_;
}

}  // namespace sallyport
