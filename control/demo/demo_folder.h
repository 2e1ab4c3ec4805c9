// A temporary folder that lives as long as an object.
#pragma once

#include <string>

#include "dataplane/base/result.h"

namespace sallyport {

/// Readable by its owner only; removed with all that is in it when the object is destroyed.
class DemoFolder {
 public:
  /// Under $TMPDIR, else under /tmp.
  static Result<DemoFolder> make();
  ~DemoFolder();
  DemoFolder(DemoFolder&& other) noexcept;
  DemoFolder& operator=(DemoFolder&&) = delete;

  const std::string& path() const { return path_; }  // absolute, without a slash at its end

 private:
  explicit DemoFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved from
};

}  // namespace sallyport
