#include "dataplane/observe/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidjson/document.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "dataplane/base/log.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class Silence final : public LogSink {
 public:
  Silence() { set_log_sink(this); }
  ~Silence() override { set_log_sink(nullptr); }
  void write(std::string_view lines) override { text_ += lines; }
  std::string text() {
    flush_log();
    return text_;
  }

 private:
  std::string text_;
};

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    std::string name = testing::TempDir() + "sallyport-access-log-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~AccessLogTest() override { fs::remove_all(folder_); }

  std::string path(const char* name) const { return folder_ / name; }

  static std::string text(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  /// The ids of the lines in `text`; each must be whole and valid.
  static std::vector<uint64_t> ids(const std::string& text) {
    std::vector<uint64_t> ids;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      rapidjson::Document document;
      document.Parse(line.c_str());
      EXPECT_FALSE(document.HasParseError()) << line;
      if (!document.HasParseError()) ids.push_back(document["id"].GetUint64());
    }
    return ids;
  }

  static bool eventually(const std::function<bool()>& holds) {
    auto until = std::chrono::steady_clock::now() + Seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(Millis(2));
    }
    return true;
  }

  static ConnectionRecord record(uint64_t id) {
    ConnectionRecord r;
    r.id = id;
    r.listener = "https";
    r.client = r.peer = *Address::parse("10.0.0.9:5000");
    r.sni = "shop.example.com";
    return r;
  }

  static std::unique_ptr<AccessLog> open(const std::string& path) {
    auto log = AccessLog::open({path});
    if (!log) {
      ADD_FAILURE() << log.error().message;
      std::abort();
    }
    return std::move(*log);
  }

  fs::path folder_;
  Loop loop_;
  WorkerMetrics metrics_;
};

TEST_F(AccessLogTest, WritesWhatWritersHoldWhenTheyEnd) {
  auto log = open(path("log"));
  {
    AccessLogWriter writer(*log, loop_, metrics_);
    writer.record(record(1));
    writer.record(record(2));
  }
  log.reset();
  EXPECT_EQ(ids(text(path("log"))), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(fs::status(path("log")).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(AccessLogTest, AppendsToWhatIsThere) {
  std::ofstream(path("log")) << "{\"id\":0}\n";
  auto log = open(path("log"));
  AccessLogWriter(*log, loop_, metrics_).record(record(1));
  log.reset();
  EXPECT_EQ(ids(text(path("log"))), (std::vector<uint64_t>{0, 1}));
}

TEST_F(AccessLogTest, HandsALoneLineOverAfterAMoment) {
  auto log = open(path("log"));
  AccessLogWriter writer(*log, loop_, metrics_);
  std::thread thread([&] { loop_.run(); });
  loop_.submit([&] { writer.record(record(1)); });
  EXPECT_TRUE(eventually([&] { return !text(path("log")).empty(); }));
  // And again: the deadline is armed anew by the next line.
  loop_.submit([&] { writer.record(record(2)); });
  EXPECT_TRUE(eventually([&] { return ids(text(path("log"))).size() == 2; }));
  loop_.stop();
  thread.join();
}

TEST_F(AccessLogTest, HandsAFullBufferOverAtOnce) {
  auto log = open(path("log"));
  AccessLogWriter writer(*log, loop_, metrics_);
  for (uint64_t i = 0; i < 500; ++i) writer.record(record(i));  // the loop does not run
  EXPECT_TRUE(eventually([&] { return text(path("log")).size() >= 32 * 1024; }));
}

TEST_F(AccessLogTest, WritesForManyWorkers) {
  auto log = open(path("log"));
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Loop loop;
      WorkerMetrics metrics;
      AccessLogWriter writer(*log, loop, metrics);
      for (uint64_t i = 0; i < 2000; ++i) writer.record(record(t * 2000 + i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  log.reset();
  std::vector<uint64_t> all = ids(text(path("log")));
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 8000u);
  for (uint64_t i = 0; i < 8000; ++i) ASSERT_EQ(all[i], i);
}

TEST_F(AccessLogTest, GoesOnInANewFileAfterARotation) {
  auto log = open(path("log"));
  AccessLogWriter(*log, loop_, metrics_).record(record(1));
  ASSERT_TRUE(eventually([&] { return !text(path("log")).empty(); }));
  fs::rename(path("log"), path("log.1"));
  ASSERT_TRUE(log->reopen().ok());
  AccessLogWriter(*log, loop_, metrics_).record(record(2));
  log.reset();
  EXPECT_EQ(ids(text(path("log.1"))), std::vector<uint64_t>{1});
  EXPECT_EQ(ids(text(path("log"))), std::vector<uint64_t>{2});
}

TEST_F(AccessLogTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  Silence silence;
  auto log = open(path("log"));
  Result<void> reopened = log->reopen({path("no/such/folder")});
  ASSERT_FALSE(reopened.ok());
  EXPECT_NE(reopened.error().message.find(path("no/such/folder")), std::string::npos);
  AccessLogWriter(*log, loop_, metrics_).record(record(1));
  log.reset();
  EXPECT_EQ(ids(text(path("log"))), std::vector<uint64_t>{1});
  EXPECT_NE(silence.text().find("the access log stays as it was"), std::string::npos);
}

TEST_F(AccessLogTest, SaysWhyAFileCannotBeOpened) {
  auto log = AccessLog::open({path("no/such/folder")});
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().message, "cannot open the access log " + path("no/such/folder") +
                                     ": No such file or directory");
}

TEST_F(AccessLogTest, MayBeTurnedOnAndOff) {
  auto log = open("off");
  {
    AccessLogWriter writer(*log, loop_, metrics_);
    writer.record(record(1));
    ASSERT_TRUE(log->reopen({path("log")}).ok());
    writer.record(record(2));
  }
  ASSERT_TRUE(eventually([&] { return !text(path("log")).empty(); }));
  ASSERT_TRUE(log->reopen({"off"}).ok());
  AccessLogWriter(*log, loop_, metrics_).record(record(3));
  log.reset();
  EXPECT_EQ(ids(text(path("log"))), std::vector<uint64_t>{2});
}

TEST_F(AccessLogTest, ChangesItsFormat) {
  auto log = open(path("log"));
  EXPECT_EQ(log->config(), AccessLogConfig({path("log")}));
  RequestRecord request;
  request.method = "GET";
  request.path = "/";
  request.protocol = "HTTP/1.1";
  {
    AccessLogWriter writer(*log, loop_, metrics_);
    writer.record(request);
    ASSERT_TRUE(log->reopen({path("log"), AccessLogFormat::Nginx}).ok());
    writer.record(request);
    ASSERT_TRUE(log->reopen().ok());
    writer.record(record(1));
  }
  EXPECT_EQ(log->config().format, AccessLogFormat::Nginx);
  log.reset();
  std::istringstream lines(text(path("log")));
  std::string line;
  std::getline(lines, line);
  EXPECT_NE(line.find("\"kind\":\"request\""), line.npos) << line;
  std::getline(lines, line);
  EXPECT_NE(line.find(" \"GET / HTTP/1.1\" "), line.npos) << line;
  std::getline(lines, line);
  EXPECT_EQ(line.rfind("[10.0.0.9] [", 0), 0u) << line;
}

class StuckPipe {
 public:
  explicit StuckPipe(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    reader_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(reader_, 0);
  }
  ~StuckPipe() { ::close(reader_); }
  /// Reads until all writers are gone.
  std::string drain() {
    std::string text;
    char buffer[65536];
    for (;;) {
      pollfd wait{reader_, POLLIN, 0};
      if (::poll(&wait, 1, 30'000) <= 0) return text;
      ssize_t n = ::read(reader_, buffer, sizeof buffer);
      if (n <= 0) return text;
      text.append(buffer, static_cast<size_t>(n));
    }
  }

 private:
  int reader_;
};

TEST_F(AccessLogTest, DropsAndCountsLinesThatNobodyReads) {
  Silence silence;
  StuckPipe pipe(path("pipe"));
  auto log = open(path("pipe"));
  constexpr uint64_t kRecords = 60'000;  // about twice what may wait
  {
    AccessLogWriter writer(*log, loop_, metrics_);
    for (uint64_t i = 0; i < kRecords; ++i) writer.record(record(i));
  }
  uint64_t dropped = metrics_.log_lines_dropped.value();
  EXPECT_GT(dropped, 0u);
  EXPECT_LT(dropped, kRecords);
  std::thread end([&] { log.reset(); });
  std::string text = pipe.drain();
  end.join();
  EXPECT_EQ(ids(text).size() + dropped, kRecords);
  EXPECT_GT(text.size(), AccessLogWriter::kQueueMost / 2);
  EXPECT_NE(silence.text().find("access lines dropped"), std::string::npos);
}

TEST_F(AccessLogTest, EndsThoughNobodyReads) {
  Silence silence;
  StuckPipe pipe(path("pipe"));
  auto log = open(path("pipe"));
  for (int worker = 0; worker < 3; ++worker) {
    AccessLogWriter writer(*log, loop_, metrics_);
    for (uint64_t i = 0; i < 5'000; ++i) writer.record(record(i));
  }
  auto began = std::chrono::steady_clock::now();
  log.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, Seconds(20));
  EXPECT_NE(silence.text().find("nobody reads it"), std::string::npos);
}

TEST_F(AccessLogTest, CountsLinesThatTheFileRefuses) {
  Silence silence;
  auto log = open("/dev/full");
  AccessLogWriter writer(*log, loop_, metrics_);
  // What was refused is known when the next lines are handed over.
  EXPECT_TRUE(eventually([&] {
    for (uint64_t i = 0; i < 200; ++i) writer.record(record(i));
    return metrics_.log_lines_dropped.value() > 0;
  }));
  EXPECT_NE(silence.text().find("the access log cannot be written path=/dev/full "
                                "error=\"No space left on device\""),
            std::string::npos);
}

}  // namespace
}  // namespace sallyport
