#include "control/kube/watch_counts.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/log.h"

namespace sallyport::kube {
namespace {

class Capture final : public LogSink {
 public:
  Capture() { set_log_sink(this); }
  ~Capture() override { set_log_sink(nullptr); }
  void write(std::string_view lines) override { text_ += lines; }
  const std::string& text() {
    EXPECT_TRUE(flush_log());
    return text_;
  }

 private:
  std::string text_;
};

TEST(WatchCounts, AFloodOfOneReasonDoesNotHideAnother) {
  Capture log;
  WatchCounts counts;
  for (int i = 0; i < 1000; ++i) {
    counts.fault("secrets of web (metadata.name=" + std::to_string(i) + ")", Fault::Reset, "reset");
  }
  counts.fault("services", Fault::Forbidden, "403 no");
  EXPECT_NE(log.text().find("what=services reason=forbidden detail=\"403 no\""), std::string::npos)
      << log.text();
}

TEST(WatchCounts, AFaultThatGoesOnIsOneLine) {
  Capture log;
  WatchCounts counts;
  WatchCounts::Clock::time_point now = WatchCounts::Clock::now();
  for (int i = 0; i < 5; ++i) counts.fault("services", Fault::Unreachable, "no route", now);
  counts.success("services");
  std::string text = log.text();
  size_t first = text.find("reason=unreachable");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find("reason=unreachable", first + 1), std::string::npos) << text;
  EXPECT_NE(text.find("the API server answers again what=services unlogged=4"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace sallyport::kube
