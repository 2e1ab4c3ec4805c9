#include "dataplane/base/list.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport {
namespace {

struct Item : ListLink<> {
  explicit Item(int n) : number(n) {}
  int number;
};

std::vector<int> numbers(List<Item>& list) {
  std::vector<int> all;
  list.for_each([&](Item& item) { all.push_back(item.number); });
  return all;
}

TEST(List, KeepsOrderAndLetsItemsLeave) {
  List<Item> list;
  Item a(1), b(2), c(3);
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  b.unlink();
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 3}));
  EXPECT_FALSE(b.linked());
  b.unlink();  // a second time does nothing
  list.push_back(b);
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 3, 2}));
}

TEST(List, AnItemLeavesWhenItDies) {
  List<Item> list;
  Item a(1);
  list.push_back(a);
  { Item dying(2); list.push_back(dying); }
  EXPECT_EQ(numbers(list), (std::vector<int>{1}));
}

TEST(List, SplicesAllOfAnother) {
  List<Item> list, other;
  Item a(1), b(2), c(3);
  list.push_back(a);
  other.push_back(b);
  other.push_back(c);
  list.splice_back(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 2, 3}));
  list.splice_back(other);
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 2, 3}));
}

TEST(List, TheVisitedMayLeave) {
  List<Item> list;
  Item a(1), b(2), c(3);
  for (Item* item : {&a, &b, &c}) list.push_back(*item);
  list.for_each([](Item& item) { item.unlink(); });
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace sallyport
