#include "control/pki/secret_folder.h"

#include <errno.h>
#include <sys/stat.h>

#include <cstring>
#include <vector>

#include "control/pki/staged_file.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {
namespace {

struct Part {
  const char* file;
  std::string_view text;
  mode_t mode;
};

/// Nobody but the owner reads a new key; a group that was let in before stays.
mode_t key_mode(const std::string& path) {
  struct stat old {};
  const bool replaces = ::stat(path.c_str(), &old) == 0;
  return 0600 | (replaces ? old.st_mode & 0040 : 0);
}

}  // namespace

Result<void> write_secret_folder(const std::string& directory, const IssuedSecret& secret) {
  if (!secret.tls_crt.empty() || !secret.tls_key.empty()) {
    if (auto pair = Certificate::parse(secret.tls_crt, secret.tls_key.view()); !pair) {
      return Error{directory + ": " + pair.error().message};
    }
  }
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return Error{directory + ": cannot make this directory: " + std::strerror(errno)};
  }
  const Part parts[] = {{"/tls.key", secret.tls_key.view(), key_mode(directory + "/tls.key")},
                        {"/tls.crt", secret.tls_crt, 0644},
                        {"/ca.crt", secret.ca_crt, 0644}};
  std::vector<StagedFile> files;
  for (const Part& part : parts) {
    if (part.text.empty()) continue;
    Result<StagedFile> file = StagedFile::write(directory + part.file, part.text, part.mode);
    if (!file) return file.error();
    files.push_back(*std::move(file));
  }
  for (StagedFile& file : files) {
    if (auto published = file.publish(); !published) return published;
  }
  return {};
}

}  // namespace sallyport
