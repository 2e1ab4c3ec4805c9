#include "dataplane/relay/request_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sallyport {
namespace {

TEST(RequestId, Is32CharactersOfLowerCaseHex) {
  RequestIds ids({1, 2, 3, 4});
  std::set<char> seen;
  for (int i = 0; i < 100; ++i) {
    RequestId id = ids.next();
    ASSERT_EQ(id.view().size(), 32u);
    ASSERT_EQ(id.view().find_first_not_of("0123456789abcdef"), std::string_view::npos);
    ASSERT_TRUE(is_request_id(id.view()));
    seen.insert(id.view().begin(), id.view().end());
  }
  EXPECT_EQ(seen.size(), 16u);
}

TEST(RequestId, FollowsFromItsSeed) {
  RequestIds one({1, 2, 3, 4}), same({1, 2, 3, 4}), other({1, 2, 3, 5});
  for (int i = 0; i < 100; ++i) {
    RequestId id = one.next();
    EXPECT_EQ(id.view(), same.next().view());
    EXPECT_NE(id.view(), other.next().view());
  }
}

TEST(RequestId, IsAnotherEachTimeEvenFromPoorSeeds) {
  std::set<std::string> all;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RequestIds ids({0, 0, 0, seed});
    for (int i = 0; i < 1000; ++i) all.emplace(ids.next().view());
  }
  EXPECT_EQ(all.size(), 100'000u);
}

// Each of the 128 bits is set half of the time.
TEST(RequestId, UsesAllItsBits) {
  RequestIds ids({0, 0, 0, 0});
  constexpr int kIds = 4000;
  int set[128] = {};
  for (int i = 0; i < kIds; ++i) {
    RequestId id = ids.next();
    for (size_t c = 0; c < 32; ++c) {
      char digit = id.view()[c];
      int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
      for (size_t bit = 0; bit < 4; ++bit) set[c * 4 + bit] += value >> bit & 1;
    }
  }
  for (int times : set) EXPECT_NEAR(times, kIds / 2, kIds / 12);
}

TEST(RequestId, OfAClientIsTakenOrNot) {
  const std::string taken[] = {"a", "0123456789abcdef0123456789abcdef", "A.b_C~d+e/f=g-h",
                               "5e9a7d1c-5b5e-4a33-9a9e-1f0c6b3f2d11", std::string(128, 'z')};
  for (const std::string& id : taken) EXPECT_TRUE(is_request_id(id)) << id;
  const std::string refused[] = {"",        std::string(129, 'z'), "a b",    "a\"b", "<b>",
                                 "a\r\nb:", std::string("a\0", 2), "\xc3\xa9", "a,b",  "a;b",
                                 "a'b",     "a\\b",                "{a}",    "%41",  "a&b"};
  for (const std::string& id : refused) EXPECT_FALSE(is_request_id(id)) << id;
}

}  // namespace
}  // namespace sallyport
