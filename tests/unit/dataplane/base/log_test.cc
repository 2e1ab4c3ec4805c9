#include "dataplane/base/log.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sallyport {
namespace {

class Capture final : public LogSink {
 public:
  Capture() { set_log_sink(this); }
  ~Capture() override {
    release();
    set_log_sink(nullptr);
    set_log_level(LogLevel::Info);
  }

  void write(std::string_view lines) override {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stuck_; });
    text_ += lines;
    changed_.notify_all();
  }
  void stick() {
    std::lock_guard lock(mutex_);
    stuck_ = true;
    entered_ = false;
  }
  void await_stuck() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  void release() {
    std::lock_guard lock(mutex_);
    stuck_ = false;
    changed_.notify_all();
  }
  std::string text() {
    EXPECT_TRUE(flush_log(Seconds(30)));
    std::lock_guard lock(mutex_);
    return text_;
  }
  bool await(std::string_view what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, Seconds(30),
                             [&] { return text_.find(what) != std::string::npos; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stuck_ = false;
  bool entered_ = false;
  std::string text_;
};

size_t count(std::string_view text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Log, WritesLinesOfTheWantedLevels) {
  Capture capture;
  std::string path = "edge.yaml";
  log_debug("not wanted");
  log_info("started");
  log_warning("configuration refused", {{"file", path}, {"problems", path.size()}});
  set_log_level(LogLevel::Error);
  log_warning("not wanted");
  log_error("failed", {{"error", "Connection refused"}});
  std::string text = capture.text();
  EXPECT_EQ(count(text, "not wanted"), 0u);
  EXPECT_NE(text.find("Z info started\n"), std::string::npos);
  EXPECT_NE(text.find("Z warning configuration refused file=edge.yaml problems=9\n"),
            std::string::npos);
  EXPECT_NE(text.find("Z error failed error=\"Connection refused\"\n"), std::string::npos);
  EXPECT_EQ(count(text, "\n"), 3u);
}

TEST(Log, ThrottlesEachCallSiteByItself) {
  Capture capture;
  for (int i = 0; i < 50; ++i) log_info("often");
  for (int i = 0; i < 50; ++i) {
    log_info("here");
    if (i < 5) log_info("rarely");
  }
  // Unless a second went by in between, which only makes it more.
  std::string text = capture.text();
  EXPECT_GE(count(text, "often\n"), 10u);
  EXPECT_LT(count(text, "often"), 50u);
  EXPECT_LT(count(text, "here"), 50u);
  EXPECT_EQ(count(text, "rarely"), 5u);
  EXPECT_TRUE(capture.await("often suppressed="));
}

TEST(Log, DropsWhatAStuckSinkCannotTakeAndSaysSo) {
  Capture capture;
  capture.stick();
  log_info("first");
  capture.await_stuck();
  EXPECT_FALSE(flush_log(Millis(1)));
  // Different lines of the source as far as the throttle knows.
  std::string value(1000, 'x');
  for (int i = 0; i < 1000; ++i) log_info("many", {{"value", value}}, LogSite{"site", i});
  capture.release();
  std::string text = capture.text();
  size_t written = count(text, "many");
  EXPECT_GT(written, 100u);
  EXPECT_LT(written, 300u);
  EXPECT_NE(text.find("warning log lines dropped lines=" + std::to_string(1000 - written) + "\n"),
            std::string::npos);
}

TEST(Log, TakesLinesFromAnyThread) {
  Capture capture;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) log_info("line", {{"i", i}}, LogSite{"thread", t * 1000 + i});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(capture.text(), "Z info line i="), 800u);
}

TEST(LogDeathTest, WritesWhatIsQueuedWhenTheProcessExits) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        log_error("last words");
        std::exit(3);
      },
      testing::ExitedWithCode(3), "error last words");
}

}  // namespace
}  // namespace sallyport
