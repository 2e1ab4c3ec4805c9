#include "control/file/file_watcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"

namespace sallyport {

namespace {

constexpr Millis kQuiet{5};
constexpr Millis kPoll{10'000};
constexpr Millis kLongest{1000};
// A file is news when it is complete: closed after writing, moved here, or a link to one. The
// folder itself may be replaced, too.
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                             IN_MOVE_SELF | IN_DELETE_SELF;

// What has just been made is about to be written, and news when it is closed.
bool is_link(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 &&
         (S_ISLNK(about.st_mode) || (S_ISREG(about.st_mode) && about.st_nlink > 1));
}

}  // namespace

FileWatcher::FileWatcher(std::function<void(FileChanges)> on_change)
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

void FileChanges::merge(FileChanges other) {
  lost |= other.lost;
  for (auto& [folder, more] : other.names) names[folder].merge(more);
}

// One folder may have several paths, which then share a watch.
void FileWatcher::add(const std::string& folder) {
  int watch = inotify_add_watch(inotify_, folder.c_str(), kEvents | IN_ONLYDIR);
  if (watch < 0 && errno == ENOSPC && !told_limit_) {
    told_limit_ = true;
    log_warning("no more folders can be watched, the others are read every 10 s: raise "
                "fs.inotify.max_user_watches", {{"watched", folders_.size()}});
  } else if (watch < 0 && errno != ENOSPC && !watches_.contains(folder)) {
    log_warning("a folder is not watched", {{"folder", folder}, {"error", strerror(errno)}});
  }
  watches_[folder] = watch;
  if (watch >= 0) folders_[watch].insert(folder);
}

void FileWatcher::watch(const std::set<std::string>& folders) {
  if (inotify_ < 0) return;
  std::lock_guard lock(mutex_);
  auto before = std::exchange(folders_, {});
  std::erase_if(watches_, [&](const auto& one) { return !folders.contains(one.first); });
  for (const std::string& folder : folders) add(folder);
  for (const auto& [watch, _] : before) {
    if (!folders_.contains(watch)) inotify_rm_watch(inotify_, watch);
  }
  replaced_.clear();
}

FileChanges FileWatcher::watch_again() {
  FileChanges found;
  std::lock_guard lock(mutex_);
  for (const std::string& folder : std::exchange(replaced_, {})) {
    auto known = watches_.find(folder);
    if (known == watches_.end()) continue;
    int old = known->second;
    if (auto others = folders_.find(old); others != folders_.end()) {
      others->second.erase(folder);
      if (others->second.empty()) {
        folders_.erase(others);
        inotify_rm_watch(inotify_, old);
      }
    }
    add(folder);
    if (watches_[folder] < 0) {
      replaced_.insert(folder);  // it is not there yet
    } else {
      found.names[folder].insert("");
    }
  }
  return found;
}

FileChanges FileWatcher::unwatched() {
  FileChanges changes;
  std::lock_guard lock(mutex_);
  for (const auto& [folder, watch] : watches_) {
    if (watch < 0) changes.names[folder].insert("");
  }
  return changes;
}

void FileWatcher::run() {
  auto now = [] { return std::chrono::steady_clock::now(); };
  auto told = now() - kLongest;
  for (;;) {
    FileChanges changes;
    if (!wait(kPoll, changes)) return;
    if (changes.empty()) {
      changes = unwatched();
      if (changes.empty()) continue;
    } else if (now() < told + kLongest) {
      auto began = now();
      for (bool more = true; more && now() < began + kLongest;) {
        FileChanges next;
        if (!wait(kQuiet, next)) return;
        more = !next.empty();
        changes.merge(std::move(next));
      }
    }
    told = now();
    on_change_(std::move(changes));
  }
}

bool FileWatcher::wait(Millis most, FileChanges& changes) {
  pollfd both[2] = {{stop_, POLLIN, 0}, {inotify_, POLLIN, 0}};  // a negative one is passed over
  while (::poll(both, 2, static_cast<int>(most.count())) < 0 && errno == EINTR) continue;
  if (both[0].revents) return false;
  if (!both[1].revents) return true;
  alignas(inotify_event) char buffer[4096];
  std::lock_guard lock(mutex_);
  for (ssize_t n; (n = ::read(inotify_, buffer, sizeof buffer)) > 0;) {
    for (char* at = buffer; at < buffer + n;) {
      auto* one = reinterpret_cast<inotify_event*>(at);
      note(*one, changes);
      at += sizeof(inotify_event) + one->len;
    }
  }
  return true;
}

void FileWatcher::note(const inotify_event& event, FileChanges& changes) {
  if (event.mask & IN_Q_OVERFLOW) changes.lost = true;
  if (!(event.mask & kEvents)) return;  // a watch was removed
  auto found = folders_.find(event.wd);
  if (found == folders_.end()) return;
  if ((event.mask & IN_CREATE) && !is_link(*found->second.begin() + "/" + event.name)) return;
  for (const std::string& folder : found->second) {
    changes.names[folder].insert(event.len > 0 ? event.name : "");
    if (event.mask & (IN_MOVE_SELF | IN_DELETE_SELF)) replaced_.insert(folder);
  }
}

}  // namespace sallyport
