// A file written in full under another name before it takes its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace sallyport {

/// Whoever reads the path sees the old contents or the new, never a part of them. An object that
/// is destroyed before publish() leaves nothing behind.
class StagedFile {
 public:
  /// Writes and syncs `text` to a new file with exactly `mode`, beside `path`. It gets the owner
  /// and group of the file whose place it will take: who could read the old one reads the new one.
  static Result<StagedFile> write(std::string path, std::string_view text, mode_t mode);
  ~StagedFile();
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;

  /// Takes the path's place. At most once.
  Result<void> publish();

 private:
  StagedFile(std::string path, std::string staged)
      : path_(std::move(path)), staged_(std::move(staged)) {}

  std::string path_;
  std::string staged_;  // empty: nothing of ours is left under that name
};

/// StagedFile::write and publish in one.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace sallyport
