#include "control/file/file_watcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"

namespace sallyport {

namespace {

constexpr Millis kQuiet{50};
constexpr Millis kLongest{1000};
// A file is news when it is complete: closed after writing, or moved here. The folder itself may be
// replaced, too.
constexpr uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF;

}  // namespace

FileWatcher::FileWatcher(std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  CHECK(stop_ >= 0);
  if (inotify_ < 0) log_warning("files are not watched", {{"error", strerror(errno)}});
  thread_ = start_thread("file-watcher", [this] { run(); });
}

FileWatcher::~FileWatcher() {
  eventfd_write(stop_, 1);
  thread_.join();
  if (inotify_ >= 0) ::close(inotify_);
  ::close(stop_);
}

void FileWatcher::watch(const std::set<std::string>& folders) {
  if (inotify_ < 0) return;
  std::lock_guard lock(mutex_);
  std::set<int> now;
  for (const std::string& folder : folders) {
    int watch = inotify_add_watch(inotify_, folder.c_str(), kEvents | IN_ONLYDIR);
    if (watch >= 0) {
      now.insert(watch);
    } else {
      log_warning("a folder is not watched", {{"folder", folder}, {"error", strerror(errno)}});
    }
  }
  for (int watch : watches_) {
    if (!now.contains(watch)) inotify_rm_watch(inotify_, watch);
  }
  watches_ = std::move(now);
}

void FileWatcher::run() {
  bool event = false;
  while (wait(-1, event)) {
    auto began = std::chrono::steady_clock::now();
    do {
      if (!wait(static_cast<int>(kQuiet.count()), event)) return;
    } while (event && std::chrono::steady_clock::now() < began + kLongest);
    on_change_();
  }
}

bool FileWatcher::wait(int most_ms, bool& event) {
  event = false;
  pollfd both[2] = {{stop_, POLLIN, 0}, {inotify_, POLLIN, 0}};  // a negative one is passed over
  while (::poll(both, 2, most_ms) < 0 && errno == EINTR) continue;
  if (both[0].revents) return false;
  if (!both[1].revents) return true;
  alignas(inotify_event) char buffer[4096];
  for (ssize_t n; (n = ::read(inotify_, buffer, sizeof buffer)) > 0;) {
    for (char* at = buffer; at < buffer + n;) {
      auto* one = reinterpret_cast<inotify_event*>(at);
      event |= (one->mask & (kEvents | IN_Q_OVERFLOW)) != 0;  // not: a watch was removed
      at += sizeof(inotify_event) + one->len;
    }
  }
  return true;
}

}  // namespace sallyport
