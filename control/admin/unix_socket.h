// A listening Unix socket that only its owner may connect to.
#pragma once

#include <sys/types.h>

#include <string>

#include "dataplane/base/result.h"

namespace sallyport {

/// The file in the file system; removed at the end, unless another process has put its own there.
class UnixSocket {
 public:
  /// Binds with mode 0600 and listens, non-blocking. A socket file that nobody listens on, left
  /// by a process that was killed, is replaced; anything else at `path` is an error.
  static Result<UnixSocket> listen(const std::string& path);
  ~UnixSocket();
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&&) = delete;

  /// The descriptor, which is the caller's from here on. Once.
  int release();

 private:
  UnixSocket(std::string path, int descriptor);

  std::string path_;
  int descriptor_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sallyport
