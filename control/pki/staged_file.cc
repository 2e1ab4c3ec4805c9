#include "control/pki/staged_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "dataplane/base/write_all.h"

namespace sallyport {
namespace {

Error file_error(const std::string& path, const char* doing, int error) {
  return Error{path + ": cannot " + doing + ": " + std::strerror(error)};
}

/// 0 or errno. A renewal by root would otherwise take a key away from the user that the proxy has.
int take_owner(int descriptor, const std::string& path) {
  struct stat old {};
  struct stat ours {};
  if (::stat(path.c_str(), &old) != 0) return errno == ENOENT ? 0 : errno;
  if (::fstat(descriptor, &ours) != 0) return errno;
  if (old.st_uid == ours.st_uid && old.st_gid == ours.st_gid) return 0;
  return ::fchown(descriptor, old.st_uid, old.st_gid) != 0 ? errno : 0;
}

/// 0, or errno of the step that failed. The descriptor stays open.
int fill(int descriptor, std::string_view text, mode_t mode) {
  const WriteResult written = write_all(descriptor, text);
  if (written.error != 0) return written.error;
  // mkstemp gave it 0600; set here, the mode does not depend on the umask.
  if (::fchmod(descriptor, mode) != 0) return errno;
  // Without this a crash after the rename could leave an empty file under the final name.
  return ::fsync(descriptor) != 0 ? errno : 0;
}

}  // namespace

Result<StagedFile> StagedFile::write(std::string path, std::string_view text, mode_t mode) {
  std::string staged = path + ".XXXXXX";
  const int descriptor = ::mkostemp(staged.data(), O_CLOEXEC);
  if (descriptor < 0) return file_error(path, "create a file beside it", errno);
  StagedFile file(std::move(path), std::move(staged));
  int error = take_owner(descriptor, file.path_);
  if (error == 0) error = fill(descriptor, text, mode);
  ::close(descriptor);
  if (error != 0) return file_error(file.path_, "write it", error);
  return file;
}

StagedFile::~StagedFile() {
  if (!staged_.empty()) ::unlink(staged_.c_str());
}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::move(other.path_)), staged_(std::exchange(other.staged_, {})) {}

Result<void> StagedFile::publish() {
  if (::rename(staged_.c_str(), path_.c_str()) != 0) return file_error(path_, "replace it", errno);
  staged_.clear();
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  Result<StagedFile> file = StagedFile::write(path, text, mode);
  if (!file) return file.error();
  return file->publish();
}

}  // namespace sallyport
