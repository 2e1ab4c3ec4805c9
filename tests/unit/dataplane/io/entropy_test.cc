#include "dataplane/io/entropy.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace sallyport {
namespace {

TEST(Entropy, FillsEveryByteAndNeverTwiceTheSame) {
  std::array<uint8_t, 1024> a{}, b{};
  fill_with_entropy(a);
  fill_with_entropy(b);
  EXPECT_NE(a, b);
  EXPECT_GT(std::set<uint8_t>(a.begin() + 512, a.end()).size(), 100u);
}

}  // namespace
}  // namespace sallyport
