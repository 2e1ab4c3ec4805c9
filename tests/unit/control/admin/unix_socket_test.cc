#include "control/admin/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class UnixSocketTest : public testing::Test {
 protected:
  UnixSocketTest() {
    std::string name = testing::TempDir() + "sallyport-unix-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ / "admin.sock";
  }
  ~UnixSocketTest() override { fs::remove_all(folder_); }

  fs::path folder_;
  std::string path_;
};

TEST_F(UnixSocketTest, IsForItsOwnerOnlyAndGoesAway) {
  {
    auto socket = UnixSocket::listen(path_);
    ASSERT_TRUE(socket.ok()) << socket.error().message;
    struct stat status {};
    ASSERT_EQ(::lstat(path_.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSocketTest, ReplacesAStaleFile) {
  auto dead = UnixSocket::listen(path_);
  ASSERT_TRUE(dead.ok());
  ::close(dead->release());  // the file stays, as when its process is killed
  auto socket = UnixSocket::listen(path_);
  ASSERT_TRUE(socket.ok()) << socket.error().message;
}

TEST_F(UnixSocketTest, DoesNotTakeAPlaceThatIsInUse) {
  auto first = UnixSocket::listen(path_);
  ASSERT_TRUE(first.ok());
  auto second = UnixSocket::listen(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, "cannot listen on unix:" + path_ +
                                        ": another process listens there, or it is no socket");
}

TEST_F(UnixSocketTest, DoesNotRemoveWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_FALSE(UnixSocket::listen(path_).ok());
  EXPECT_EQ(fs::file_size(path_), 8u);
}

TEST_F(UnixSocketTest, LeavesAFileThatIsNotItsOwnAtTheEnd) {
  auto socket = UnixSocket::listen(path_);
  ASSERT_TRUE(socket.ok());
  {
    UnixSocket ours = std::move(*socket);
    fs::rename(path_, folder_ / "moved");  // so that its inode is not used again
    std::ofstream(path_) << "another's";
  }
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(UnixSocketTest, RefusesPathsThatDoNotFit) {
  EXPECT_FALSE(UnixSocket::listen("").ok());
  EXPECT_FALSE(UnixSocket::listen(path_ + std::string(108, 'x')).ok());
  EXPECT_FALSE(UnixSocket::listen(folder_ / "none/admin.sock").ok());
}

}  // namespace
}  // namespace sallyport
