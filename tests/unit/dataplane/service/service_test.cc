#include "dataplane/service/service.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport {
namespace {

std::vector<Endpoint> endpoints(int count) {
  std::vector<Endpoint> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({Address::v4(0x0a000001u + static_cast<uint32_t>(i), 80), "name"});
  }
  return all;
}

Service service(int count, size_t workers = 1) {
  return Service(ServiceConfig{}, endpoints(count), nullptr, workers);
}

constexpr Instant kNow{Seconds(100)};

TEST(Service, RoundRobinVisitsEachInTurn) {
  Service s = service(3);
  for (int round = 0; round < 4; ++round) {
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[i]);
  }
}

TEST(Service, WorkersBeginAtDifferentEndpoints) {
  Service s = service(3, 2);
  EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[0]);
  EXPECT_EQ(s.pick(1, {}, kNow), &s.endpoints()[1]);
}

TEST(Service, EqualHashesGetTheSameEndpointOnEveryWorker) {
  Service s = service(5, 2), other = service(5);
  std::vector<int> load(5);
  for (uint64_t hash = 0; hash < 5000; ++hash) {
    const Endpoint* picked = s.pick_for(hash, 0, {}, kNow);
    ++load[static_cast<size_t>(picked - s.endpoints().data())];
    EXPECT_EQ(s.pick_for(hash, 1, {}, kNow), picked);
    EXPECT_EQ(other.pick_for(hash, 0, {}, kNow)->address, picked->address);
  }
  for (int share : load) EXPECT_NEAR(share, 1000, 150);
}

TEST(Service, AnEndpointThatGoesTakesOnlyItsOwnClientsWithIt) {
  Service s = service(5), smaller = service(4);
  int moved = 0;
  for (uint64_t hash = 0; hash < 5000; ++hash) {
    const Endpoint* picked = s.pick_for(hash, 0, {}, kNow);
    bool gone = picked == &s.endpoints()[4];
    EXPECT_TRUE(gone || smaller.pick_for(hash, 0, {}, kNow)->address == picked->address);
    moved += gone;
  }
  EXPECT_NEAR(moved, 1000, 150);
}

TEST(Service, WhoseEndpointFailedGetsAnotherUntilItIsBack) {
  Service s = service(3);
  const Endpoint* own = s.pick_for(7, 0, {}, kNow);
  const Endpoint* next = s.pick_for(7, 0, {own}, kNow);
  EXPECT_NE(next, own);
  s.failed(0, *own, kNow);
  EXPECT_EQ(s.pick_for(7, 0, {}, kNow), next);
  EXPECT_EQ(s.pick_for(7, 0, {}, kNow + Seconds(10)), own);
  EXPECT_EQ(s.pick_for(7, 0, {&s.endpoints()[0], &s.endpoints()[1], &s.endpoints()[2]}, kNow),
            nullptr);
  EXPECT_EQ(s.first_for(7), own);
  EXPECT_EQ(service(0).pick_for(7, 0, {}, kNow), nullptr);
  EXPECT_EQ(service(0).first_for(7), nullptr);
}

TEST(Service, WithoutEndpointsThereIsNone) {
  Service s = service(0);
  EXPECT_EQ(s.pick(0, {}, kNow), nullptr);
}

TEST(Service, AFailedEndpointIsAvoidedForAWhile) {
  Service s = service(3);
  s.failed(0, s.endpoints()[1], kNow);
  for (int i = 0; i < 9; ++i) EXPECT_NE(s.pick(0, {}, kNow), &s.endpoints()[1]);
  std::set<const Endpoint*> seen;
  for (int i = 0; i < 3; ++i) seen.insert(s.pick(0, {}, kNow + Seconds(10)));
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Service, WhenAllFailedLatelyEachIsTriedOnce) {
  Service s = service(2);
  s.failed(0, s.endpoints()[0], kNow);
  s.failed(0, s.endpoints()[1], kNow);
  const Endpoint* first = s.pick(0, {}, kNow);
  ASSERT_NE(first, nullptr);
  const Endpoint* second = s.pick(0, {first}, kNow);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first, second);
  EXPECT_EQ(s.pick(0, {first, second}, kNow), nullptr);
}

// An endpoint that refuses is not tried again by the same connection because another's silence took
// so long that its failure is forgotten.
TEST(Service, WhatWasTriedIsNotTriedAgainHoweverLongAgo) {
  Service s = service(3);
  const Endpoint* refusing = s.pick(0, {}, kNow);
  s.failed(0, *refusing, kNow);
  const Endpoint* silent = s.pick(0, {refusing}, kNow);
  s.failed(0, *silent, kNow + Seconds(5));
  for (int i = 0; i < 3; ++i) {
    const Endpoint* third = s.pick(0, {refusing, silent}, kNow + Seconds(60));
    ASSERT_NE(third, nullptr);
    EXPECT_NE(third, refusing);
    EXPECT_NE(third, silent);
  }
}

TEST(Service, TheOnlyEndpointIsTriedAlthoughItFailed) {
  Service s = service(1);
  s.failed(0, s.endpoints()[0], kNow);
  EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[0]);
}

Service checked_service(int count, const Service* before = nullptr) {
  ServiceConfig config;
  config.health.emplace();
  return Service(config, endpoints(count), nullptr, 1, nullptr, before);
}

void report(const Service& service, size_t at, const char* fault) {
  HealthConfig at_once;
  at_once.healthy_threshold = at_once.unhealthy_threshold = 1;
  service.health()->endpoints[at]->report(at_once, fault);
}

TEST(Service, EndpointsOfUnknownHealthAreUsedWhereNoHealthyOneIsLeft) {
  Service s = checked_service(3);
  std::set<const Endpoint*> seen;
  for (int i = 0; i < 3; ++i) seen.insert(s.pick(0, {}, kNow));
  EXPECT_EQ(seen.size(), 3u);
  report(s, 1, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[1]);
  for (uint64_t hash = 0; hash < 10; ++hash) {
    EXPECT_EQ(s.pick_for(hash, 0, {}, kNow), &s.endpoints()[1]);
  }
  const Endpoint* other = s.pick(0, {&s.endpoints()[1]}, kNow);
  EXPECT_TRUE(other && other != &s.endpoints()[1]);
}

TEST(Service, EndpointsThatAreNotHealthyAreNeverUsed) {
  Service s = checked_service(2);
  report(s, 0, "away");
  report(s, 1, "");
  s.failed(0, s.endpoints()[1], kNow);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[1]);
  EXPECT_EQ(s.pick(0, {&s.endpoints()[1]}, kNow), nullptr);
  EXPECT_FALSE(s.has_other({&s.endpoints()[1]}));
  EXPECT_TRUE(s.has_other({}));
  report(s, 1, "away");
  EXPECT_EQ(s.pick(0, {}, kNow), nullptr);
  EXPECT_EQ(s.pick_for(7, 0, {}, kNow), nullptr);
  report(s, 0, "");
  EXPECT_EQ(s.pick(0, {}, kNow), &s.endpoints()[0]);
}

TEST(Service, HealthGoesOnWhenTheServiceChanges) {
  Service s = checked_service(2);
  report(s, 0, "away");
  s.health()->counts->failed.add();
  Service larger = checked_service(3, &s);
  ASSERT_EQ(larger.health()->endpoints.size(), 3u);
  EXPECT_EQ(larger.health()->endpoints[0], s.health()->endpoints[0]);
  EXPECT_EQ(larger.health()->endpoints[1], s.health()->endpoints[1]);
  EXPECT_EQ(larger.health()->endpoints[2]->state(), EndpointHealth::State::Unknown);
  EXPECT_EQ(larger.health()->counts->failed.value(), 1u);
}

}  // namespace
}  // namespace sallyport
