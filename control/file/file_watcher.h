// Tells when files change, by watching the folders they are in.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace sallyport {

/// Folders are watched, not files: editors, certificate tools and Kubernetes replace a file (or a
/// symlink beside it) by renaming. Which file it was does not matter: whoever is told looks at all
/// of them. Changes that come close together are told once, when nothing has happened for 50 ms,
/// but after 1 s at the latest.
class FileWatcher {
 public:
  /// `on_change` is called on the watcher's own thread, and must not destroy the watcher.
  explicit FileWatcher(std::function<void()> on_change);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  /// From any thread. Watches these folders and no others. A folder that cannot be watched is
  /// logged. Folders that were replaced since the last call are found again by their path.
  void watch(const std::set<std::string>& folders);

 private:
  void run();
  /// False when told to stop. Waits at most `most_ms` (-1: for ever); `event` says what came.
  bool wait(int most_ms, bool& event);

  std::function<void()> on_change_;
  int inotify_ = -1;
  int stop_ = -1;  // an eventfd
  std::mutex mutex_;
  std::set<int> watches_;
  std::thread thread_;
};

}  // namespace sallyport
