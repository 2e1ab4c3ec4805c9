// Tells when files change, by watching the folders they are in.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "dataplane/base/clock.h"

struct inotify_event;

namespace sallyport {

/// What has happened, by folder: the names in it that were written, moved or removed. An empty name
/// is the folder itself. `lost`: more happened than could be told, anywhere.
struct FileChanges {
  std::map<std::string, std::set<std::string>> names;
  bool lost = false;
  bool empty() const { return names.empty() && !lost; }
  void merge(FileChanges other);
};

/// Folders are watched, not files: editors, certificate tools and Kubernetes replace a file (or a
/// symlink beside it) by renaming. The first change after a while of quiet is told at once; what
/// comes soon after it is told together, when nothing has happened for 5 ms, but after 1 s at the
/// latest. Folders that cannot be watched, for the system allows no more, are reported as changed
/// every 10 s.
class FileWatcher {
 public:
  /// `on_change` is called on the watcher's own thread, and must not destroy the watcher.
  explicit FileWatcher(std::function<void(FileChanges)> on_change);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  /// From any thread. Watches these folders and no others. Folders that were replaced since the
  /// last call are found again by their path.
  void watch(const std::set<std::string>& folders);
  /// The same folders: finds those again that were replaced, at the cost of those only. What it
  /// has found may have changed since it was read.
  FileChanges watch_again();

 private:
  void run();
  /// False when told to stop. Waits at most `most`; adds to `changes` what came.
  bool wait(Millis most, FileChanges& changes);
  void note(const inotify_event& event, FileChanges& changes);
  void add(const std::string& folder);
  FileChanges unwatched();

  std::function<void(FileChanges)> on_change_;
  int inotify_ = -1;
  int stop_ = -1;  // an eventfd
  std::mutex mutex_;
  std::map<std::string, int> watches_;               // by folder; -1: not watched
  std::map<int, std::set<std::string>> folders_;     // of each watch
  std::set<std::string> replaced_;
  bool told_limit_ = false;
  std::thread thread_;
};

}  // namespace sallyport
