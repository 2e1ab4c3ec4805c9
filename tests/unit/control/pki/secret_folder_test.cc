#include "control/pki/secret_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class SecretFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sallyport-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string folder() const { return (root_ / "secret").string(); }

  std::string read(const char* file) const {
    std::ifstream in(root_ / "secret" / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  mode_t mode(const char* file) const {
    struct stat status {};
    EXPECT_EQ(::stat((folder() + "/" + file).c_str(), &status), 0) << file;
    return status.st_mode & 07777;
  }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  static IssuedSecret issue(const char* host) {
    Result<CertificateAuthority> authority =
        CertificateAuthority::make({"CA", KeyType::EcdsaP256, {.duration = std::chrono::hours(2)}});
    EXPECT_TRUE(authority.ok());
    IssueRequest request;
    request.names = {host, {host}, {}};
    request.validity.duration = std::chrono::hours(1);
    Result<IssuedSecret> issued = authority->issue(request);
    EXPECT_TRUE(issued.ok());
    return *std::move(issued);
  }

  fs::path root_;
};

TEST_F(SecretFolder, HoldsTheThreeFilesWithTheirModesWhateverTheUmask) {
  const IssuedSecret secret = issue("a.example.com");
  for (const mode_t mask : {0077u, 0000u}) {
    fs::remove_all(folder());
    const mode_t before = ::umask(mask);
    const Result<void> written = write_secret_folder(folder(), secret);
    ::umask(before);
    ASSERT_TRUE(written.ok()) << written.error().message;
    EXPECT_EQ(files(), (std::set<std::string>{"tls.crt", "tls.key", "ca.crt"}));
    EXPECT_EQ(mode("tls.key"), 0600u);
    EXPECT_EQ(mode("tls.crt"), 0644u);
    EXPECT_EQ(mode("ca.crt"), 0644u);
    EXPECT_EQ(read("tls.crt"), secret.tls_crt);
    EXPECT_EQ(read("tls.key"), secret.tls_key.view());
    EXPECT_EQ(read("ca.crt"), secret.ca_crt);
  }
}

TEST_F(SecretFolder, ReplacesAnOlderSecret) {
  ASSERT_TRUE(write_secret_folder(folder(), issue("old.example.com")).ok());
  ::chmod((folder() + "/tls.key").c_str(), 0664);
  const IssuedSecret secret = issue("new.example.com");
  ASSERT_TRUE(write_secret_folder(folder(), secret).ok());
  EXPECT_EQ(read("tls.crt"), secret.tls_crt);
  EXPECT_EQ(read("tls.key"), secret.tls_key.view());
  EXPECT_EQ(mode("tls.key"), 0640u);  // its group could read it before, and can now
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(SecretFolder, MayHoldAuthoritiesOnly) {
  IssuedSecret secret;
  secret.ca_crt = issue("a.example.com").ca_crt;
  ASSERT_TRUE(write_secret_folder(folder(), secret).ok());
  EXPECT_EQ(files(), std::set<std::string>{"ca.crt"});
}

TEST_F(SecretFolder, RefusesAKeyThatDoesNotFitAndLeavesTheOldOnes) {
  const IssuedSecret old = issue("a.example.com");
  ASSERT_TRUE(write_secret_folder(folder(), old).ok());
  IssuedSecret mixed = issue("a.example.com");
  mixed.tls_key = issue("a.example.com").tls_key;
  const Result<void> written = write_secret_folder(folder(), mixed);
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().message.find(folder()), std::string::npos) << written.error().message;
  EXPECT_EQ(read("tls.crt"), old.tls_crt);
  EXPECT_EQ(read("tls.key"), old.tls_key.view());
}

TEST_F(SecretFolder, FailureLeavesNothingBehind) {
  // A directory in the place of a file: the rename fails after all three files were staged.
  fs::create_directories(root_ / "secret" / "tls.key");
  EXPECT_FALSE(write_secret_folder(folder(), issue("a.example.com")).ok());
  EXPECT_EQ(files(), std::set<std::string>{"tls.key"});

  const Result<void> written = write_secret_folder(folder() + "/no/such", issue("a.example.com"));
  ASSERT_FALSE(written.ok());
  const std::string& message = written.error().message;
  EXPECT_NE(message.find("No such file"), std::string::npos) << message;
}

}  // namespace
}  // namespace sallyport
