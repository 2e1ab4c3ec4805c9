#include "dataplane/service/endpoint_health.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using State = EndpointHealth::State;

class EndpointHealthTest : public testing::Test {
 protected:
  void reports(const char* results, State state) {
    for (const char* r = results; *r; ++r) health_.report(config_, *r == '+' ? "" : "away");
    EXPECT_EQ(health_.state(), state) << results;
  }
  HealthConfig config_;  // 2 to become healthy, 3 to become unhealthy
  EndpointHealth health_;
};

TEST_F(EndpointHealthTest, TheFirstReportDecides) {
  EXPECT_EQ(health_.state(), State::Unknown);
  EXPECT_TRUE(health_.report(config_, ""));
  EXPECT_EQ(health_.state(), State::Healthy);
  EndpointHealth other;
  EXPECT_TRUE(other.report(config_, "away"));
  EXPECT_EQ(other.state(), State::Unhealthy);
  EXPECT_EQ(other.fault(), "away");
}

TEST_F(EndpointHealthTest, AfterThatItTakesSomeInARow) {
  reports("+", State::Healthy);
  reports("--", State::Healthy);
  reports("+", State::Healthy);
  reports("--", State::Healthy);
  reports("-", State::Unhealthy);
  reports("+-+-", State::Unhealthy);
  reports("+", State::Unhealthy);
  reports("+", State::Healthy);
  reports("--", State::Healthy);
}

TEST_F(EndpointHealthTest, TellsOfChangesOnlyAndOfTheLastFault) {
  EXPECT_TRUE(health_.report(config_, ""));
  EXPECT_FALSE(health_.report(config_, "one"));
  EXPECT_EQ(health_.fault(), "one");
  EXPECT_FALSE(health_.report(config_, "two"));
  EXPECT_TRUE(health_.report(config_, "three"));
  EXPECT_EQ(health_.fault(), "three");
  EXPECT_FALSE(health_.report(config_, ""));
  EXPECT_EQ(health_.fault(), "");
}

}  // namespace
}  // namespace sallyport
