// A folder of manifests in place of an API server: told of when its files change.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/file/file_watcher.h"
#include "control/kube/manifests.h"

namespace sallyport::kube {

/// take() is one thread's; `on_due` is called on another.
class ManifestSource {
 public:
  /// `on_due` is called when a file of the folder, or of one in it, may have changed.
  ManifestSource(std::string path, std::function<void()> on_due);

  /// Reads the folder, and says what has changed since the last call; the first time, everything.
  /// What cannot be read is logged, once, and counts as it was when it could: a file that is half
  /// written takes nothing away.
  ObjectChanges take();

  /// Of the last take().
  const Problems& problems() const { return problems_; }

 private:
  void watch();

  std::string path_;
  std::vector<ObjectPtr> objects_;
  Problems problems_;
  std::vector<std::string> told_;
  FileWatcher watcher_;  // last: it ends before what it tells of
};

}  // namespace sallyport::kube
