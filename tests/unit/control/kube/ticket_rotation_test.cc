#include "control/kube/ticket_rotation.h"

#include <gtest/gtest.h>

namespace sallyport::kube {
namespace {

constexpr int64_t kNow = 1'800'000'000;

class TicketRotation : public testing::Test {
 protected:
  std::optional<TicketSecret> at(const TicketSecret& secret, int64_t now) {
    return rotated(secret, now, [this] { return "key " + std::to_string(++made_); });
  }
  int made_ = 0;
};

TEST_F(TicketRotation, AKeyIsKnownToAllBeforeItIsUsed) {
  auto ring = at({}, kNow);
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->keys, (std::vector<std::string>{"key 1"}));
  EXPECT_FALSE(at(*ring, kNow + 60));
  EXPECT_FALSE(at(*ring, kNow + kTicketPeriodSeconds - 1));

  ring = at(*ring, kNow + kTicketPeriodSeconds);
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->keys, (std::vector<std::string>{"key 1", "key 2"}));
  EXPECT_TRUE(ring->waiting);
  int64_t made = kNow + kTicketPeriodSeconds;
  EXPECT_FALSE(at(*ring, made + kTicketNoticeSeconds - 1));
  ring = at(*ring, made + kTicketNoticeSeconds);
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->keys, (std::vector<std::string>{"key 2", "key 1"}));
  EXPECT_FALSE(ring->waiting);
}

TEST_F(TicketRotation, OldKeysAreKeptForTwoHoursAndNotMuchLonger) {
  TicketSecret ring;
  int64_t now = kNow;
  for (; now < kNow + 10 * kTicketPeriodSeconds; now += 5) {
    if (auto next = at(ring, now)) {
      ring = *next;
      ring.version = "1";
    }
    EXPECT_LE(ring.keys.size(), 5u);
  }
  EXPECT_EQ(ring.keys.size(), 4u);
  EXPECT_EQ(ring.keys[0], "key " + std::to_string(made_));
}

TEST_F(TicketRotation, AClockThatIsWrongIsNotWaitedFor) {
  TicketSecret ring;
  ring.keys = {"a"};
  ring.rotated = kNow + 1'000'000;
  EXPECT_TRUE(at(ring, kNow));
}

TEST_F(TicketRotation, TheSecretIsReadBack) {
  TicketSecret ring;
  ring.keys = {std::string(80, '\x01'), std::string(48, '\xff')};
  ring.rotated = kNow;
  ring.waiting = true;
  ring.version = "7";
  std::string json = ticket_secret_json(ring, "edge", "tickets");
  EXPECT_NE(json.find("\"ticket.key.9\":null"), std::string::npos);
  EXPECT_EQ(json.find("\"kind\""), std::string::npos);
  auto read = parse_ticket_secret(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->keys, ring.keys);
  EXPECT_EQ(read->rotated, kNow);
  EXPECT_TRUE(read->waiting);
  EXPECT_EQ(read->version, "7");

  ring.version.clear();
  json = ticket_secret_json(ring, "edge", "tickets");
  EXPECT_NE(json.find(R"("kind":"Secret")"), std::string::npos);
  EXPECT_EQ(json.find("null"), std::string::npos);
  EXPECT_FALSE(parse_ticket_secret("nonsense"));
  EXPECT_FALSE(parse_ticket_secret(R"({"data":{"ticket.key":"*"}})"));
}

}  // namespace
}  // namespace sallyport::kube
