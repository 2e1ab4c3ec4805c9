#include "control/demo/demo.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "control/file/yaml_reader.h"
#include "tests/unit/control/demo/demo_client.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

/// Every test has its own $TMPDIR, and the signal mask that demo_main() changes is put back.
class DemoTest : public testing::Test {
 protected:
  void SetUp() override {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    const char* before = std::getenv("TMPDIR");
    if (before != nullptr) before_ = before;
    std::string name = (fs::temp_directory_path() / "sallyport-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    ::setenv("TMPDIR", name.c_str(), 1);
  }
  void TearDown() override {
    if (before_) {
      ::setenv("TMPDIR", before_->c_str(), 1);
    } else {
      ::unsetenv("TMPDIR");
    }
    fs::remove_all(root_);
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }

  static DemoOptions free_options() {
    return {.port = 0, .http_port = 0, .metrics = ":0", .admin = "127.0.0.1:0"};
  }

  static Demo prepare() {
    Result<Demo> demo = Demo::prepare(free_options());
    EXPECT_TRUE(demo.ok()) << demo.error().message;
    return *std::move(demo);
  }

  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path root_;
  std::optional<std::string> before_;
  sigset_t mask_{};
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DemoTest, FolderHoldsWhatTheConfigurationAndCurlName) {
  const Demo demo = prepare();
  const std::string folder = demo.plan().folder;
  EXPECT_EQ(fs::path(folder).parent_path(), root_);
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
  for (const char* secret : {"secrets/offload.localhost", "secrets/reencrypt.localhost",
                             "secrets/mtls.localhost", "secrets/internal", "client"}) {
    const std::string path = folder + "/" + secret;
    EXPECT_TRUE(Certificate::parse(read(path + "/tls.crt"), read(path + "/tls.key")).ok()) << path;
  }
  const std::string ca = read(folder + "/ca.crt");
  EXPECT_EQ(read(folder + "/secrets/clients/ca.crt"), ca);
  EXPECT_EQ(read(folder + "/secrets/internal/ca.crt"), ca);
  // The passthrough backend's key is no business of Sallyport's.
  EXPECT_FALSE(fs::exists(folder + "/secrets/passthrough.localhost"));
}

TEST_F(DemoTest, ConfigurationNamesTheAddressesThatWereChosen) {
  const Demo demo = prepare();
  const std::string yaml = read(demo.config_path());
  EXPECT_EQ(yaml, demo_yaml(demo.plan()));
  EXPECT_FALSE(contains(yaml, ":0\"")) << yaml;
  for (const Address& backend : {demo.plan().offload, demo.plan().passthrough,
                                 demo.plan().reencrypt, demo.plan().mtls}) {
    EXPECT_TRUE(contains(yaml, "\"" + backend.text() + "\"")) << backend.text();
  }
}

TEST_F(DemoTest, ConfigurationIsValid) {
  const Demo demo = prepare();
  const ReadResult read_back = read_config_file(demo.config_path());
  for (const Problem& problem : read_back.problems) ADD_FAILURE() << problem.text();
  ASSERT_TRUE(read_back.config.has_value());
  EXPECT_EQ(read_back.config->sites.size(), 4u);
  EXPECT_EQ(read_back.config->listeners.size(), 2u);
  EXPECT_EQ(read_back.config->metrics.address.text(), "[::]" + demo.plan().metrics);
}

TEST_F(DemoTest, PlainBackendsAnswerWithTheirScenario) {
  const Demo demo = prepare();
  EXPECT_TRUE(contains(DemoClient(demo.plan().offload).get("/"), "\r\n\r\noffload: "));
  EXPECT_TRUE(contains(DemoClient(demo.plan().mtls).get("/"), "\r\n\r\nmtls: "));
}

TEST_F(DemoTest, PassthroughBackendShowsItsOwnCertificate) {
  const Demo demo = prepare();
  const std::string ca = read(demo.plan().folder + "/ca.crt");
  DemoClient client(demo.plan().passthrough);
  ASSERT_TRUE(client.start_tls("passthrough.localhost", ca));
  const std::string text = client.get("/");
  EXPECT_TRUE(contains(text, "\r\n\r\npassthrough: ")) << text;
  EXPECT_TRUE(contains(text, "server name: passthrough.localhost\n")) << text;
  EXPECT_TRUE(contains(text, "client certificate: none\n")) << text;
  EXPECT_FALSE(DemoClient(demo.plan().passthrough).start_tls("offload.localhost", ca));
}

TEST_F(DemoTest, ReencryptBackendTellsWhichCertificateItWasShown) {
  const Demo demo = prepare();
  const std::string internal = demo.plan().folder + "/secrets/internal";
  DemoClient client(demo.plan().reencrypt);
  ASSERT_TRUE(client.start_tls(kDemoBackendName, read(internal + "/ca.crt"),
                               read(internal + "/tls.crt"), read(internal + "/tls.key")));
  const std::string text = client.get("/");
  EXPECT_TRUE(contains(text, "\r\n\r\nreencrypt: ")) << text;
  EXPECT_TRUE(contains(text, "client certificate: CN=sallyport demo proxy\n")) << text;
}

TEST_F(DemoTest, BackendRefusesACertificateOfAnotherAuthority) {
  const Demo demo = prepare();
  Result<DemoPki> other = DemoPki::make();
  ASSERT_TRUE(other.ok());
  DemoClient client(demo.plan().reencrypt);
  const std::string ca = read(demo.plan().folder + "/ca.crt");
  // With TLS 1.3 the client has finished before the server has looked at its certificate.
  const bool shaken = client.start_tls(kDemoBackendName, ca, other->client.tls_crt,
                                       other->client.tls_key.view());
  EXPECT_TRUE(!shaken || client.get("/").empty());
}

TEST_F(DemoTest, NothingIsLeftWhenItEnds) {
  { const Demo demo = prepare(); }
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(DemoTest, AddressThatIsTakenIsRefusedWithTheOptionThatHelps) {
  const auto taken = DemoBackend::start("somebody else", std::nullopt);
  ASSERT_TRUE(taken.ok());
  const std::string address = (*taken)->address().text();
  const struct {
    DemoOptions options;
    const char* option;
  } cases[] = {
      {{(*taken)->address().port(), 0, ":0", "127.0.0.1:0"}, "--port"},
      {{0, (*taken)->address().port(), ":0", "127.0.0.1:0"}, "--http-port"},
      {{0, 0, address, "127.0.0.1:0"}, "--metrics"},
      {{0, 0, ":0", address}, "--admin"},
  };
  for (const auto& c : cases) {
    Result<Demo> demo = Demo::prepare(c.options);
    ASSERT_FALSE(demo.ok()) << c.option;
    EXPECT_TRUE(contains(demo.error().message, address)) << demo.error().message;
    EXPECT_TRUE(contains(demo.error().message, c.option)) << demo.error().message;
    EXPECT_TRUE(fs::is_empty(root_));
  }
}

TEST_F(DemoTest, MainRunsWithTheConfigurationAndRemovesItAfter) {
  std::string config;
  testing::internal::CaptureStdout();
  const int status = demo_main(free_options(), [&](const std::string& path) {
    config = path;
    EXPECT_TRUE(contains(read(path), "reencrypt.localhost"));
    return 7;
  });
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(status, 7);
  EXPECT_FALSE(fs::exists(config));
  EXPECT_TRUE(fs::is_empty(root_));
  EXPECT_TRUE(contains(printed, fs::path(config).parent_path().string())) << printed;
}

TEST_F(DemoTest, SignalThatComesEarlyWaitsForTheProxy) {
  testing::internal::CaptureStdout();
  const int status = demo_main(free_options(), [](const std::string&) {
    ::raise(SIGTERM);  // would end the process here, were it not blocked
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    const timespec no_time{};
    return sigtimedwait(&signals, nullptr, &no_time);
  });
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(status, SIGTERM);
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(DemoTest, MainFailsWithoutAPlaceForItsFolder) {
  ::setenv("TMPDIR", (root_ / "no" / "such").c_str(), 1);
  testing::internal::CaptureStderr();
  const int status = demo_main(free_options(), [](const std::string&) { return 0; });
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, 1);
  EXPECT_TRUE(contains(printed, "/no/such")) << printed;
}

}  // namespace
}  // namespace sallyport
