#include "control/kube/election.h"

#include <gtest/gtest.h>

#include "control/kube/gathering.h"
#include "control/kube/leader.h"

namespace sallyport::kube {
namespace {

constexpr Millis kDuration{15'000};
const WallTime kWall{Seconds(1'800'000'000)};

/// Two candidates, a server's Lease and a clock.
class ElectionTest : public testing::Test {
 protected:
  // A look at the lease; whether something was written.
  bool look(Election& candidate, bool write_works = true) {
    auto next = candidate.decide(lease_, now_, kWall);
    if (!next || !write_works) return false;
    next->version = std::to_string(++version_);
    lease_ = next;
    candidate.written(*next, now_);
    return true;
  }
  void wait(Millis time) { now_ += time; }

  Election::Clock::time_point now_{std::chrono::hours(1)};
  std::optional<Lease> lease_;
  int version_ = 0;
  Election a_{"a", kDuration}, b_{"b", kDuration};
};

TEST_F(ElectionTest, TheFirstOneLeadsAndGoesOn) {
  EXPECT_FALSE(a_.leads(now_));
  EXPECT_TRUE(look(a_));
  EXPECT_TRUE(a_.leads(now_));
  EXPECT_EQ(lease_->holder, "a");
  EXPECT_EQ(lease_->duration_seconds, 15);
  for (int i = 0; i < 100; ++i) {
    wait(a_.pause(now_));
    look(a_);
    look(b_);
    EXPECT_TRUE(a_.leads(now_));
    EXPECT_FALSE(b_.leads(now_));
  }
  EXPECT_EQ(lease_->transitions, 0);
}

TEST_F(ElectionTest, WhoIsSilentLosesItWithinItsTimeAndNeverTwoLead) {
  // The last renewal comes right after the other has looked.
  look(a_);
  look(b_);
  wait(kDuration / 6);
  ASSERT_TRUE(look(a_));
  auto died = now_;
  for (int looks = 0; !look(b_); ++looks) {
    ASSERT_LT(looks, 20);
    wait(b_.pause(now_));
    EXPECT_FALSE(a_.leads(now_) && b_.leads(now_));
  }
  EXPECT_LE(now_ - died, kDuration * 9 / 10);
  // What it asked for at its last moment is over: it had a quarter of the duration.
  EXPECT_FALSE(a_.leads(died + (now_ - died) - kDuration / 4));
  EXPECT_TRUE(b_.leads(now_));
  EXPECT_FALSE(a_.leads(now_));
  EXPECT_EQ(lease_->transitions, 1);
  EXPECT_FALSE(look(a_));  // it comes back, and follows
}

TEST_F(ElectionTest, ALeaderThatCannotRenewStopsBeforeAnotherBegins) {
  look(a_);
  look(b_);
  wait(kDuration * 11 / 20);
  look(a_, false);
  EXPECT_FALSE(a_.leads(now_));
  EXPECT_FALSE(look(b_));
}

TEST_F(ElectionTest, ALateWriteCountsFromWhenItWasAsked) {
  auto next = a_.decide(lease_, now_, kWall);
  auto asked = now_;
  wait(kDuration);
  a_.written(*next, asked);
  EXPECT_FALSE(a_.leads(now_));
}

TEST_F(ElectionTest, AReleasedLeaseIsTakenAtOnce) {
  look(a_);
  look(b_);
  EXPECT_FALSE(b_.release(kWall));
  lease_ = a_.release(kWall);
  ASSERT_TRUE(lease_);
  EXPECT_EQ(lease_->holder, "");
  EXPECT_TRUE(look(b_));
  EXPECT_TRUE(b_.leads(now_));
}

TEST(Lease, ItsTimesHaveAFractionAndItsTextIsReadBack) {
  Lease lease{"me \"x\"", 15, micro_time(kWall), micro_time(kWall + Micros(5)), 3, "7"};
  EXPECT_EQ(lease.acquired, "2027-01-15T08:00:00.000000Z");
  std::string json = lease_json(lease, "edge", "name");
  auto read = parse_lease(json);
  ASSERT_TRUE(read) << read.error().message << json;
  EXPECT_TRUE(*read == lease);
  lease.version.clear();
  EXPECT_EQ(lease_json(lease, "edge", "name").find("resourceVersion"), std::string::npos);
  EXPECT_FALSE(parse_lease("{}"));
  EXPECT_FALSE(parse_lease("nonsense"));
  EXPECT_FALSE(parse_lease(R"({"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":1}})"));
}

TEST(Gathering, TheFirstIsDueAtOnceAndABurstIsGatheredUpToAMaximum) {
  Gathering gathering;
  Gathering::Clock::time_point now{std::chrono::hours(1)};
  EXPECT_FALSE(gathering.due_at());
  gathering.note(now);
  EXPECT_EQ(*gathering.due_at(), now);
  gathering.take(now);
  auto first = now + Millis(1);
  for (int i = 0; i < 100; ++i) {
    now += Millis(10);
    if (i == 0) first = now;
    gathering.note(now);
    EXPECT_LE(*gathering.due_at(), first + Gathering::kMost);
    if (now + Gathering::kPause < first + Gathering::kMost) {
      EXPECT_EQ(*gathering.due_at(), now + Gathering::kPause);
    }
  }
  gathering.take(now);
  now += std::chrono::seconds(1);
  gathering.note(now);
  EXPECT_EQ(*gathering.due_at(), now);
  gathering.note(now + Millis(1));
  EXPECT_EQ(*gathering.due_at(), now);
}

TEST(Event, TheSameOneHasTheSameName) {
  EventWork event{Kind::Ingress, {"shop", "web"}, "uid-1", "MissingSecret", "no \"x\"", true};
  EventWork other = event;
  EXPECT_EQ(event_name(event), event_name(other));
  other.uid = "uid-2";
  EXPECT_NE(event_name(event), event_name(other));
  LeaderSettings settings;
  settings.controller = "c";
  settings.who = "pod-a";
  std::string json = event_json(event, settings, kWall);
  for (const char* part :
       {R"("eventTime":"2027-01-15T08:00:00.000000Z")", R"("action":"Translate")",
        R"("note":"no \"x\"")", R"("reportingController":"c")", R"("type":"Warning")",
        R"("kind":"Ingress","namespace":"shop","name":"web","uid":"uid-1"})"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << json;
  }
}

TEST(Status, IsAMergePatch) {
  EXPECT_EQ(status_json({{"192.0.2.1", ""}, {"", "lb.test"}}),
            R"({"status":{"loadBalancer":{"ingress":)"
            R"([{"ip":"192.0.2.1"},{"hostname":"lb.test"}]}}})");
  EXPECT_EQ(status_json({}), R"({"status":{"loadBalancer":{"ingress":null}}})");
}

}  // namespace
}  // namespace sallyport::kube
