#include "control/pki/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace sallyport {
namespace {

constexpr off_t kMostBytes = 1024 * 1024;

Error file_error(const std::string& path, const char* what) {
  return Error{path + ": cannot be read: " + what};
}

/// False when the file ends before `bytes` are full.
bool fill(int descriptor, std::vector<char>& bytes) {
  for (size_t have = 0; have < bytes.size();) {
    const ssize_t n = ::read(descriptor, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    have += static_cast<size_t>(n);
  }
  return true;
}

Result<SecretText> read_open(int descriptor, const std::string& path) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) return file_error(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return file_error(path, "it is not a file");
  if (about.st_size > kMostBytes) return file_error(path, "it is larger than 1 MiB");
  // Sized once, so that no reallocation leaves a copy of a key behind.
  std::vector<char> bytes(static_cast<size_t>(about.st_size));
  const bool whole = fill(descriptor, bytes);
  SecretText text(std::move(bytes));
  if (!whole) return file_error(path, "it changed meanwhile");
  return text;
}

}  // namespace

Result<SecretText> read_secret_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return file_error(path, std::strerror(errno));
  Result<SecretText> text = read_open(descriptor, path);
  ::close(descriptor);
  return text;
}

}  // namespace sallyport
