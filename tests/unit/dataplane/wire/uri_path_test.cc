#include "dataplane/wire/uri_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/uri_path_rules.h"

namespace sallyport {
namespace {

using uri_path_rules::normal;

TEST(UriPath, HasOneNormalForm) {
  struct {
    const char* path;
    const char* normal;
  } cases[] = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a/", "/a/"},
      {"//", "/"},
      {"//a", "/a"},
      {"/a//b///", "/a/b/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/b/..", "/a/"},
      {"/a/b/../c", "/a/c"},
      {"/a/b/../../c", "/c"},
      {"/a//../b", "/b"},
      {"/a/.//../b", "/b"},
      {"/...", "/..."},
      {"/..a/.b/c./d..", "/..a/.b/c./d.."},
      {"/%2e", "/"},
      {"/a/%2E%2e/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/%41%5a%61%7a%30%39", "/AZaz09"},
      {"/%2d%2E%5f%7e", "/-._~"},
      {"/%c3%a4", "/%C3%A4"},
      {"/%20%3f%23%25", "/%20%3F%23%25"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/%0a%0D", "/%0A%0D"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%5cb", "/a%5Cb"},
      {"/a/b%2f../c", nullptr},
      {"/%2f", "/%2F"},
      {"/a;v=1.0/b;..", "/a;v=1.0/b;.."},
      {"/!$&'()*+,;=:@", "/!$&'()*+,;=:@"},
      {"/a|b^c{d}[e]`f", "/a|b^c{d}[e]`f"},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.path);
    auto result = normal(sample.path, EncodedSlash::Keep);
    if (sample.normal != nullptr) {
      ASSERT_EQ(result.status, PathStatus::Ok);
      EXPECT_EQ(result.path, sample.normal);
    } else {
      EXPECT_EQ(result.status, PathStatus::HiddenDots);
    }
    check_uri_path(sample.path);
  }
}

TEST(UriPath, IsRefusedWhereItCouldMeanAnother) {
  struct {
    std::string path;
    PathStatus keep;
    PathStatus refuse;
  } cases[] = {
      {"/..", PathStatus::AboveRoot, PathStatus::AboveRoot},
      {"/../a", PathStatus::AboveRoot, PathStatus::AboveRoot},
      {"/a/../..", PathStatus::AboveRoot, PathStatus::AboveRoot},
      {"//..", PathStatus::AboveRoot, PathStatus::AboveRoot},
      {"/./%2e%2e", PathStatus::AboveRoot, PathStatus::AboveRoot},
      {"/%", PathStatus::Malformed, PathStatus::Malformed},
      {"/%4", PathStatus::Malformed, PathStatus::Malformed},
      {"/%4/", PathStatus::Malformed, PathStatus::Malformed},
      {"/%g1", PathStatus::Malformed, PathStatus::Malformed},
      {"/%u0041", PathStatus::Malformed, PathStatus::Malformed},
      {"/a\\b", PathStatus::Malformed, PathStatus::Malformed},
      {"/a b", PathStatus::Malformed, PathStatus::Malformed},
      {"/a?b", PathStatus::Malformed, PathStatus::Malformed},
      {"/a#b", PathStatus::Malformed, PathStatus::Malformed},
      {"/\xe4", PathStatus::Malformed, PathStatus::Malformed},
      {std::string("/\0", 2), PathStatus::Malformed, PathStatus::Malformed},
      {"/%00", PathStatus::EncodedNul, PathStatus::EncodedNul},
      {"/a%2Fb", PathStatus::Ok, PathStatus::EncodedSlash},
      {"/a%5cb", PathStatus::Ok, PathStatus::EncodedSlash},
      {"/a%2F..%2Fb", PathStatus::HiddenDots, PathStatus::EncodedSlash},
      {"/..%2fa", PathStatus::HiddenDots, PathStatus::EncodedSlash},
      {"/a%5c%2e%2e", PathStatus::HiddenDots, PathStatus::EncodedSlash},
      {"/a%2f.", PathStatus::HiddenDots, PathStatus::EncodedSlash},
      {"/a%2f..;b", PathStatus::HiddenDots, PathStatus::EncodedSlash},
      {"/a/..;/b", PathStatus::HiddenDots, PathStatus::HiddenDots},
      {"/a/%2e%2e;x=y/b", PathStatus::HiddenDots, PathStatus::HiddenDots},
      {"/a/..%3b/b", PathStatus::HiddenDots, PathStatus::HiddenDots},
      {"/.;/b", PathStatus::HiddenDots, PathStatus::HiddenDots},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.path);
    EXPECT_EQ(normal(sample.path, EncodedSlash::Keep).status, sample.keep);
    EXPECT_EQ(normal(sample.path, EncodedSlash::Refuse).status, sample.refuse);
    EXPECT_FALSE(is_normal_path(sample.path));
    check_uri_path(sample.path);
  }
}

TEST(UriPath, IsMostlyKnownToBeNormalWithoutACopy) {
  for (const char* path : {"/", "/a", "/a/", "/a.b/c..", "/a;b=c/d:e@f"}) {
    EXPECT_TRUE(is_normal_path(path)) << path;
  }
  for (const char* path : {"", "a", "*", "//", "/a//b", "/a/.", "/a/..", "/%41", "/a%2Fb", "/%"}) {
    EXPECT_FALSE(is_normal_path(path)) << path;
  }
}

TEST(UriPath, OfTheCorpusIsJudgedAsItsNamesSay) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/uri_path")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string path{std::istreambuf_iterator<char>(file), {}};
    std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    bool refused = normal(path, EncodedSlash::Keep).status != PathStatus::Ok;
    EXPECT_EQ(refused, name.starts_with("refused_"));
    check_uri_path(path);
    ++files;
  }
  EXPECT_GT(files, 15);
}

}  // namespace
}  // namespace sallyport
