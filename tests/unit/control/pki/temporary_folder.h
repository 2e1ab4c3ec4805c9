// A folder that a test has for itself.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sallyport {

/// Paths are relative to the folder, which goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sallyport-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(root_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& file = "") const {
    return file.empty() ? root_.string() : (root_ / file).string();
  }
  std::string read(const std::string& file) const {
    std::ifstream in(root_ / file, std::ios::binary);
    EXPECT_TRUE(in.good()) << file;
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file, std::ios::binary) << text;
  }
  mode_t mode(const std::string& file) const {
    struct stat status {};
    EXPECT_EQ(::stat(path(file).c_str(), &status), 0) << file;
    return status.st_mode & 07777;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace sallyport
