// The file, pipe or terminal that a log is written to, whole lines at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace sallyport {

/// Owns its descriptor unless that is the process' stdout.
/// Thread: any one at a time; write() waits.
class LogFile {
 public:
  /// `path`: "stdout", "off" (takes everything, writes nothing), or a file that is appended to
  /// and made if there is none, readable by its group.
  static Result<LogFile> open(const std::string& path);
  ~LogFile();
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;

  bool enabled() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

  /// Writes whole lines. When a reader that has stopped reading holds it up and `stopping` is
  /// set, gives up after two seconds in all. After a failure in the middle of a line the next write
  /// begins on a line of its own.
  Result<void> write(std::string_view lines, const std::atomic<bool>& stopping);

 private:
  LogFile(std::string path, int descriptor);
  Result<void> write_all(std::string_view text, const std::atomic<bool>& stopping);

  std::string path_;
  int descriptor_ = -1;
  size_t slice_;            // most to write at once
  bool within_line_ = false;
  int polls_while_stopping_ = 0;
};

}  // namespace sallyport
