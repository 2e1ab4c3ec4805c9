#include "dataplane/observe/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sallyport {

namespace {

constexpr int kPollMillis = 100;
constexpr int kPollsWhileStopping = 20;

bool is_regular(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Result<LogFile> LogFile::open(const std::string& path) {
  if (path == "off") return LogFile(path, -1);
  if (path == "stdout") return LogFile(path, STDOUT_FILENO);
  // Non-blocking, or a named pipe that nobody reads would hold us up here.
  int descriptor = ::open(path.c_str(),
                          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
  if (descriptor < 0) return Error{"cannot open the access log " + path + ": " + strerror(errno)};
  return LogFile(path, descriptor);
}

LogFile::LogFile(std::string path, int descriptor)
    : path_(std::move(path)),
      descriptor_(descriptor),
      // poll(2) promises a writer of a pipe room for PIPE_BUF bytes; more might block, and a
      // thread that blocks cannot be told to stop.
      slice_(is_regular(descriptor) ? SIZE_MAX : PIPE_BUF) {}

LogFile::LogFile(LogFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      slice_(other.slice_),
      within_line_(other.within_line_) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(slice_, other.slice_);
  std::swap(within_line_, other.within_line_);
  return *this;
}

LogFile::~LogFile() {
  if (descriptor_ >= 0 && descriptor_ != STDOUT_FILENO) ::close(descriptor_);
}

Result<void> LogFile::write(std::string_view lines, const std::atomic<bool>& stopping) {
  if (!enabled()) return {};
  if (within_line_) {
    if (Result<void> ended = write_all("\n", stopping); !ended) return ended;
  }
  return write_all(lines, stopping);
}

Result<void> LogFile::write_all(std::string_view text, const std::atomic<bool>& stopping) {
  while (!text.empty()) {
    pollfd wait{descriptor_, POLLOUT, 0};
    if (::poll(&wait, 1, kPollMillis) == 0) {
      if (stopping && ++polls_while_stopping_ >= kPollsWhileStopping) {
        return Error{"nobody reads it"};
      }
      continue;
    }
    ssize_t n = ::write(descriptor_, text.data(), std::min(text.size(), slice_));
    if (n >= 0) {
      if (n > 0) within_line_ = text[static_cast<size_t>(n) - 1] != '\n';
      text.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      return Error{strerror(errno)};
    }
  }
  return {};
}

}  // namespace sallyport
