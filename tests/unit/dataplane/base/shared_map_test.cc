#include "dataplane/base/shared_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sallyport {
namespace {

using Plain = std::map<std::string, int>;

Plain plain(const SharedMap<int>& map) {
  Plain all;
  map.for_each([&](const std::string& name, int value) { all[name] = value; });
  return all;
}

TEST(SharedMap, IsAMap) {
  SharedMap<int> map;
  Plain model;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string name = "name-" + std::to_string(random() % 2000);
    if (random() % 3 == 0) {
      map.erase(name);
      model.erase(name);
    } else {
      map.put(name, i);
      model[name] = i;
    }
    ASSERT_EQ(map.size(), model.size());
    const int* found = map.find(name);
    auto expected = model.find(name);
    ASSERT_EQ(found != nullptr, expected != model.end());
    if (found) {
      ASSERT_EQ(*found, expected->second);
    }
  }
  EXPECT_EQ(plain(map), model);
  EXPECT_EQ(map.find("no name"), nullptr);
}

TEST(SharedMap, ACopyStaysWhatItWas) {
  SharedMap<int> map;
  for (int i = 0; i < 1000; ++i) map.put(std::to_string(i), i);
  SharedMap<int> copy = map;
  Plain before = plain(copy);
  map.put("7", -7);
  map.erase("8");
  map.put("new", 1);
  EXPECT_EQ(plain(copy), before);
  EXPECT_EQ(*map.find("7"), -7);
  EXPECT_EQ(map.find("8"), nullptr);
}

TEST(SharedMap, DifferencesAreFoundAndNothingElse) {
  SharedMap<int> before;
  for (int i = 0; i < 1000; ++i) before.put(std::to_string(i), i);
  SharedMap<int> after = before;
  after.put("7", -7);
  after.put("9", 9);  // as it was
  after.erase("8");
  after.put("new", 1);
  std::map<std::string, std::pair<int, int>> found;
  after.for_each_difference(before, [&](const std::string& name, const int* was, const int* now) {
    found[name] = {was ? *was : 0, now ? *now : 0};
  });
  std::map<std::string, std::pair<int, int>> expected = {
      {"7", {7, -7}}, {"8", {8, 0}}, {"new", {0, 1}}};
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace sallyport
