#include "dataplane/model/complain.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Complain, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"listeners", "sites", "services", "secrets", "tls"};
  EXPECT_EQ(nearest("listener", words), "listeners");
  EXPECT_EQ(nearest("lisetners", words), "listeners");
  EXPECT_EQ(nearest("service", words), "services");
  EXPECT_EQ(nearest("site", words), "sites");
  EXPECT_EQ(nearest("tsl", words), "tls");
  EXPECT_EQ(nearest("colour", words), "");
  EXPECT_EQ(nearest("x", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 's'), words), "");
}

TEST(Complain, ListsWhatIsDeclared) {
  EXPECT_EQ(not_declared("web", {}), "\"web\" is not declared (none is)");
  EXPECT_EQ(not_declared("web", {"api", "static"}),
            "\"web\" is not declared (declared: api, static)");
  EXPECT_EQ(not_declared("statik", {"api", "static"}),
            "\"statik\" is not declared, did you mean \"static\"? (declared: api, static)");
}

TEST(Complain, QuotesLongTextsInPart) {
  EXPECT_EQ(in_quotes("a"), "\"a\"");
  EXPECT_EQ(in_quotes(std::string(200, 'a')), "\"" + std::string(120, 'a') + "…\"");
  // A character of two bytes is not cut in half.
  EXPECT_EQ(in_quotes(std::string(119, 'a') + "éé"), "\"" + std::string(119, 'a') + "…\"");
}

TEST(Complain, StopsAtAThousand) {
  Problems problems;
  for (int i = 0; i < 2000; ++i) complain(problems, Place{"edge.yaml", i + 1, 1, "a"}, "is wrong");
  EXPECT_EQ(problems.size(), 1000u);
}

}  // namespace
}  // namespace sallyport
