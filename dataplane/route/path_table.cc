#include "dataplane/route/path_table.h"

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

const Route* PathTable::find(std::string_view path) const {
  if (!exact_.empty()) {
    auto found = exact_.find(path);
    if (found != exact_.end()) return found->second;
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
