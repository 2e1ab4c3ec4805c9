#include "control/admin/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace sallyport {

namespace {

constexpr int kBacklog = 64;

int unix_stream() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

const sockaddr* raw(const sockaddr_un& name) { return reinterpret_cast<const sockaddr*>(&name); }

// Whether the file is a socket that refuses connections, as one does whose process is gone.
bool is_stale(const sockaddr_un& name) {
  struct stat status {};
  if (::lstat(name.sun_path, &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  int probe = unix_stream();
  if (probe < 0) return false;
  bool refused = ::connect(probe, raw(name), sizeof name) < 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

int bind_to(int descriptor, const sockaddr_un& name) {
  return ::bind(descriptor, raw(name), sizeof name) == 0 ? 0 : errno;
}

}  // namespace

Result<UnixSocket> UnixSocket::listen(const std::string& path) {
  auto failure = [&](const char* why) {
    return Error{"cannot listen on unix:" + path + ": " + why};
  };
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return failure("the path must have 1 to 107 characters");
  }
  std::memcpy(name.sun_path, path.data(), path.size());

  int descriptor = unix_stream();
  if (descriptor < 0) return failure(strerror(errno));
  // bind() gives the file the mode that the socket has: there is no moment at which the file is
  // open to others, as there would be with a chmod() afterwards.
  int error = ::fchmod(descriptor, 0600) == 0 ? bind_to(descriptor, name) : errno;
  if (error == EADDRINUSE && is_stale(name)) {
    ::unlink(name.sun_path);
    error = bind_to(descriptor, name);
  }
  if (error == 0 && ::listen(descriptor, kBacklog) < 0) error = errno;
  if (error == 0) return UnixSocket(path, descriptor);
  ::close(descriptor);
  return failure(error == EADDRINUSE ? "another process listens there, or it is no socket"
                                     : strerror(error));
}

UnixSocket::UnixSocket(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

UnixSocket::~UnixSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (path_.empty()) return;
  struct stat status {};
  if (::lstat(path_.c_str(), &status) < 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

int UnixSocket::release() { return std::exchange(descriptor_, -1); }

}  // namespace sallyport
