#include "control/demo/demo_folder.h"

#include <errno.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sallyport {

Result<DemoFolder> DemoFolder::make() {
  const char* chosen = std::getenv("TMPDIR");
  std::error_code ignored;
  const std::filesystem::path parent =
      std::filesystem::absolute(chosen != nullptr && *chosen != '\0' ? chosen : "/tmp", ignored);
  std::string path = (parent / "sallyport-demo-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    return Error{parent.string() + ": cannot make a temporary folder: " + std::strerror(errno)};
  }
  return DemoFolder(std::move(path));
}

DemoFolder::~DemoFolder() {
  std::error_code ignored;  // nobody is left who could do something about it
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

DemoFolder::DemoFolder(DemoFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

}  // namespace sallyport
