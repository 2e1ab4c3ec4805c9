#include "dataplane/tls/ticket_keys.h"

#include <gtest/gtest.h>
#include <string.h>

namespace sallyport {
namespace {

const std::string kOne(48, 'a'), kTwo(80, 'b');

std::string name_of(const TicketKeys::Key& key) {
  return {reinterpret_cast<const char*>(key.name), sizeof key.name};
}

TEST(TicketKeys, AreEqualForEqualSecretsAndPolicies) {
  auto one = std::make_shared<TicketRing>(), two = std::make_shared<TicketRing>();
  one->use({kOne, kTwo});
  two->use({kOne, kTwo});
  auto a = TicketKeys(one, "policy").current(), b = TicketKeys(two, "policy").current();
  ASSERT_EQ(a->size(), 2u);
  ASSERT_EQ(b->size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(memcmp(&(*a)[i], &(*b)[i], sizeof(*a)[i]), 0);
  EXPECT_NE(name_of((*a)[0]), name_of((*a)[1]));
  auto other = TicketKeys(one, "another policy").current();
  EXPECT_NE(name_of((*a)[0]), name_of((*other)[0]));
  EXPECT_NE(memcmp((*a)[0].cipher, (*other)[0].cipher, 32), 0);
  EXPECT_NE(memcmp((*a)[0].cipher, (*a)[0].mac, 32), 0);
}

TEST(TicketKeys, FollowTheRing) {
  auto ring = std::make_shared<TicketRing>();
  ring->use({kOne});
  TicketKeys keys(ring, "policy");
  std::string first = name_of(keys.current()->front());
  EXPECT_EQ(keys.current(), keys.current());
  ring->use({kTwo, kOne});
  ASSERT_EQ(keys.current()->size(), 2u);
  EXPECT_NE(name_of(keys.current()->front()), first);
  EXPECT_EQ(name_of(keys.current()->back()), first);
}

TEST(TicketRing, ReplacesItsOwnSecretsAndKnowsThemForTwoHoursMore) {
  TicketRing ring;
  auto start = TicketRing::Clock::now();
  std::string first = ring.current(start)->secrets.front();
  auto minutes = [&](int n) { return start + std::chrono::minutes(n); };
  EXPECT_EQ(ring.current(minutes(59))->secrets, std::vector<std::string>{first});
  for (int n = 1; n <= 3; ++n) {
    auto state = ring.current(minutes(61 * n));
    ASSERT_EQ(state->secrets.size(), static_cast<size_t>(n) + 1);
    EXPECT_NE(state->secrets.front(), first);
    EXPECT_EQ(state->secrets.back(), first);
  }
  auto state = ring.current(minutes(61 * 4));
  EXPECT_EQ(state->secrets.size(), TicketRing::kKept);
  EXPECT_NE(state->secrets.back(), first);
  EXPECT_EQ(ring.current(minutes(61 * 100))->secrets.size(), 1u);
}

TEST(TicketRing, KnowsTheAgeOfTheNewestSecret) {
  TicketRing ring;
  auto start = TicketRing::Clock::now();
  EXPECT_TRUE(ring.age(start).own);
  EXPECT_GE(ring.age(start + std::chrono::minutes(59)).newest, std::chrono::minutes(58));
  EXPECT_EQ(ring.age(start + std::chrono::minutes(61)).newest, std::chrono::seconds(0));
  EXPECT_EQ(ring.age(start + std::chrono::minutes(61)).keys, 2u);
  ring.use({kOne});
  auto given = TicketRing::Clock::now();
  EXPECT_FALSE(ring.age(given).own);
  ring.use({kOne, kTwo});  // the first is still the same
  EXPECT_GE(ring.age(given + std::chrono::hours(2)).newest, std::chrono::hours(2));
  EXPECT_EQ(ring.age(given).keys, 2u);
}

TEST(TicketRing, DoesNotReplaceWhatIsGiven) {
  TicketRing ring;
  auto own = ring.current()->secrets;
  ring.use({kOne});
  auto later = TicketRing::Clock::now() + std::chrono::hours(1000);
  EXPECT_EQ(ring.current(later)->secrets, std::vector<std::string>{kOne});
  uint64_t version = ring.current()->version;
  ring.use({kOne});
  EXPECT_EQ(ring.current()->version, version);
  ring.use({});
  EXPECT_NE(ring.current()->secrets, own);
  EXPECT_NE(ring.current()->secrets.front(), kOne);
}

TEST(TicketRing, TakesSecretsOfTwoSizes) {
  EXPECT_TRUE(TicketRing::check({kOne, kTwo}));
  for (size_t size : {0u, 1u, 47u, 49u, 79u, 81u, 96u}) {
    EXPECT_FALSE(TicketRing::check({kOne, std::string(size, 'x')})) << size;
  }
}

}  // namespace
}  // namespace sallyport
