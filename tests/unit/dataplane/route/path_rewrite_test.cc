#include "dataplane/route/path_rewrite.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "tests/fuzz/path_rewrite_rules.h"

namespace sallyport {
namespace {

Route route(PathType type, const char* path, const char* rewrite) {
  RouteConfig config;
  config.path = std::string(path);
  config.path_type = type;
  config.rewrite = rewrite;
  Route made;
  made.path = path;
  made.type = type;
  if (type == PathType::Regex) made.pattern = *PathPattern::compile(path);
  made.treatment = RouteTreatment::make(config);
  return made;
}

std::string rewritten(const Route& route, std::string_view path, std::string_view query = {}) {
  BlockPool blocks;
  Block room(blocks);
  std::string_view shown;
  RewriteStatus status = rewrite_path(route, path, query, room, shown);
  return status == RewriteStatus::Ok ? std::string(shown) : text(status);
}

TEST(PathRewrite, FillsInWhatThePatternHasMatched) {
  struct Row {
    const char* pattern;
    const char* rewrite;
    const char* path;
    const char* query;
    const char* expected;
  };
  for (const Row& row : {
           Row{"/something(/|$)(.*)", "/$2", "/something", "", "/"},
           Row{"/something(/|$)(.*)", "/$2", "/something/", "", "/"},
           Row{"/something(/|$)(.*)", "/$2", "/Something/New", "?a=b", "/New?a=b"},
           Row{"/api/v([0-9]+)/(.*)", "/$2/of/$1", "/api/v17/x/y", "", "/x/y/of/17"},
           Row{"/api(.*)", "$1", "/api/x", "", "/x"},
           Row{"/api(.*)", "$1", "/api", "", "/"},
           Row{"/api(.*)", "$1", "/apix", "", "/x"},
           Row{"/api(.*)", "/$1", "/api/x", "", "/x"},     // one slash, not two
           Row{"/old", "/new", "/old/and/more", "?q", "/new?q"},
           Row{"/old", "/new?old=1", "/old", "", "/new?old=1"},
           Row{"/old", "/new?old=1", "/old", "?q=2", "/new?old=1&q=2"},
           Row{"/a/(.*)", "/b?rest=$1", "/a/x/y", "?q", "/b?rest=x/y&q"},
           Row{"/a/(.*)", "/b/$1", "/a/%2Fx%20y", "", "/b/%2Fx%20y"},
           Row{"/a/(.*)", "/b/$1", "/a/x", "?", "/b/x?"},
       }) {
    EXPECT_EQ(rewritten(route(PathType::Regex, row.pattern, row.rewrite), row.path, row.query),
              row.expected)
        << row.pattern << " " << row.path;
  }
}

TEST(PathRewrite, ReplacesThePathOfOtherRoutesWhole) {
  EXPECT_EQ(rewritten(route(PathType::Prefix, "/a", "/b"), "/a/x", "?q=1"), "/b?q=1");
  EXPECT_EQ(rewritten(route(PathType::Exact, "/a", "/b/"), "/a"), "/b/");
}

TEST(PathRewrite, LeadsNoBackendOutOfTheFolder) {
  Route made = route(PathType::Regex, "/a(.*)", "/b/$1");
  Route top = route(PathType::Regex, "/a(.*)", "/$1");
  Route halves = route(PathType::Regex, "/a(.)(.*)", "/b/$12e./$2");
  for (const char* path : {"/a../secret", "/a./secret", "/a..;x/secret", "/a..", "/a."}) {
    EXPECT_EQ(rewritten(made, path), text(RewriteStatus::NoPath)) << path;
    EXPECT_EQ(rewritten(top, path), text(RewriteStatus::NoPath)) << path;
  }
  EXPECT_EQ(rewritten(halves, "/a%25/secret"), text(RewriteStatus::NoPath));
  EXPECT_EQ(rewritten(made, "/a...//b/c"), "/b/.../b/c");
}

TEST(PathRewrite, IsNotTooLong) {
  Route made = route(PathType::Regex, "/(.*)", "/$1$1$1");
  EXPECT_EQ(rewritten(made, "/" + std::string(20'000, 'a')), text(RewriteStatus::TooLong));
  EXPECT_EQ(rewritten(made, "/" + std::string(10'000, 'a')), "/" + std::string(30'000, 'a'));
}

TEST(PathRewrite, HoldsItsRulesForAnyPath) {
  for (const auto& entry : std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR
                                                               "/tests/fuzz/corpus/path_rewrite")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    check_path_rewrite(text.str());
  }
  std::mt19937 random(20261121);
  constexpr std::string_view kAlphabet = "/./a/b%2F%5C;?x..";
  for (int i = 0; i < 20'000; ++i) {
    std::string input;
    for (int c = 0; c < 2; ++c) input += static_cast<char>('a' + random() % 42);
    input += '/';
    for (size_t left = random() % 24; left > 0; --left) {
      input += kAlphabet[random() % kAlphabet.size()];
    }
    check_path_rewrite(input);
  }
}

}  // namespace
}  // namespace sallyport
