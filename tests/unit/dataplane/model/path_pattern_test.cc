#include "dataplane/model/path_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

std::shared_ptr<const PathPattern> pattern(std::string_view text) {
  auto made = PathPattern::compile(text);
  EXPECT_TRUE(made.ok()) << text << ": " << made.error().message;
  return *made;
}

TEST(PathPattern, MatchesFromTheBeginningInAnyCaseAndNotToTheEnd) {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  for (const Row& row : {
           Row{"/shop", "/shop", true},
           Row{"/shop", "/SHOPPING/cart", true},
           Row{"/SHOP", "/shop", true},
           Row{"/shop", "/x/shop", false},
           Row{"/shop$", "/shop", true},
           Row{"/shop$", "/shop/", false},
           Row{"/a/[0-9]+/b", "/a/17/b/c", true},
           Row{"/a/[0-9]+/b", "/a/x/b", false},
           Row{"/a|/b", "/b/c", true},
           Row{"/(a|b)", "/x/b", false},
           Row{"/", "/anything", true},
       }) {
    EXPECT_EQ(pattern(row.pattern)->matches(row.path), row.matches)
        << row.pattern << " " << row.path;
  }
}

TEST(PathPattern, ShowsWhatItsGroupsHaveMatched) {
  PathPattern::Groups groups;
  auto made = pattern("/something(/|$)(.*)");
  EXPECT_EQ(made->groups(), 2u);
  ASSERT_TRUE(made->match("/something/new/x", groups));
  EXPECT_EQ(groups[0], "/something/new/x");
  EXPECT_EQ(groups[1], "/");
  EXPECT_EQ(groups[2], "new/x");
  ASSERT_TRUE(made->match("/Something", groups));
  EXPECT_EQ(groups[1], "");
  EXPECT_EQ(groups[2], "");
  EXPECT_FALSE(made->match("/somethings", groups));
  ASSERT_TRUE(pattern("/(a)|/(b)")->match("/b", groups));
  EXPECT_EQ(groups[1], "");
  EXPECT_EQ(groups[2], "b");
  EXPECT_EQ(pattern("/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)")->groups(), PathPattern::kMostGroups);
}

TEST(PathPattern, SaysWhyItIsNone) {
  auto fault = [](std::string_view text) {
    auto made = PathPattern::compile(text);
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_NE(fault("shop").find("does not begin with a slash"), std::string::npos);
  EXPECT_NE(fault("/(shop").find("missing )"), std::string::npos);
  EXPECT_NE(fault("/(?=x)").find("RE2"), std::string::npos);  // what would take time beyond bounds
  EXPECT_NE(fault("/((a{100}){100}){100}"), "");
  EXPECT_NE(fault("/" + std::string(3000, 'a')).find("too long"), std::string::npos);
}

// What takes a backtracking engine longer than the world lasts.
TEST(PathPattern, TakesNoLongerForAPathThatWasMadeForIt) {
  std::string path = "/" + std::string(20'000, 'a') + "!";
  EXPECT_FALSE(pattern("/(a+)+$")->matches(path));
  EXPECT_FALSE(pattern("/(a|a|aa)*$")->matches(path));
}

}  // namespace
}  // namespace sallyport
