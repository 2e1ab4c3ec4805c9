#include "dataplane/base/shared_list.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/list_delta.h"

namespace sallyport {
namespace {

using Texts = SharedList<std::string>;

TEST(SharedList, CopiesAreTheSameUntilOneChanges) {
  Texts one = {"a", "b", "c"};
  Texts other = one;
  EXPECT_EQ(&one.items(), &other.items());
  other.replace(1, std::make_shared<const std::string>("B"));
  EXPECT_EQ(one, (Texts{"a", "b", "c"}));
  EXPECT_EQ(other, (Texts{"a", "B", "c"}));
  EXPECT_EQ(one.items()[0], other.items()[0]);
  EXPECT_NE(&one.items(), &other.items());
}

TEST(SharedList, EachChangeIsOfOneCopyOnly) {
  const Texts before = {"a", "b"};
  Texts longer = before, shorter = before, mended = before;
  longer.push_back("c");
  shorter.erase(0);
  mended.insert(1, std::make_shared<const std::string>("between"));
  EXPECT_EQ(before, (Texts{"a", "b"}));
  EXPECT_EQ(longer, (Texts{"a", "b", "c"}));
  EXPECT_EQ(shorter, (Texts{"b"}));
  EXPECT_EQ(mended, (Texts{"a", "between", "b"}));
}

TEST(SharedList, IsEmptyByItselfAndAfterItWasMovedFrom) {
  Texts none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_EQ(none, Texts());
  Texts some = {"a"};
  Texts taken = std::move(some);
  EXPECT_EQ(taken.front(), "a");
  some = {};
  EXPECT_EQ(some.size(), 0u);
  EXPECT_FALSE(taken == some);
}

TEST(SharedList, WhatIsEqualIsTheSameToADelta) {
  Texts was = {"a", "b", "c"};
  Texts now = was;
  now.replace(2, std::make_shared<const std::string>("d"));
  now.replace(0, std::make_shared<const std::string>("a"));
  auto itself = [](const std::string& text) -> const std::string& { return text; };
  auto delta = ListDelta::between(was, now, itself);
  EXPECT_EQ(delta.before, (std::vector<size_t>{0, 1, ListDelta::kNone}));
  EXPECT_EQ(delta.gone, (std::vector<size_t>{2}));
}

}  // namespace
}  // namespace sallyport
