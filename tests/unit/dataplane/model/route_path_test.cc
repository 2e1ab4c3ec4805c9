#include "dataplane/model/route_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/wire/uri_path.h"

namespace sallyport {
namespace {

// Everything that the two readers of paths treat in a way of its own.
const std::vector<std::string> kPieces = {"/",   "a",   ".",   "..",  "%2e", "%2E", "%2F", "%5C",
                                          "%2f", "%00", ";",   "%3B", "[",   " ",   "%",   "%4",
                                          "%41", "%c3", "%C3", "\\",  "?",   "\"",  "~"};

// Calls `see` with every path of a slash and up to `most` pieces.
template <class See>
void each_path(const std::string& path, size_t most, See see) {
  see(path);
  if (most == 0) return;
  for (const std::string& piece : kPieces) each_path(path + piece, most - 1, see);
}

// Whether some request has `path` after it was made normal, which changes nothing any more then.
bool a_request_can_have(const std::string& path, EncodedSlash slashes) {
  std::vector<uint8_t> out(path.size());
  size_t size = 0;
  if (normalize_path(path, slashes, out, size) != PathStatus::Ok) return false;
  return std::string(out.begin(), out.begin() + static_cast<ptrdiff_t>(size)) == path;
}

std::string path_of(std::string_view text, PathType type, const HttpConfig& http = {}) {
  auto path = parse_route_path(text, type, http);
  return path ? *path : "error: " + path.error().message;
}

TEST(RoutePath, IsAcceptedExactlyWhenARequestCanHaveIt) {
  size_t accepted = 0;
  for (EncodedSlashes slashes : {EncodedSlashes::Keep, EncodedSlashes::Refuse}) {
    HttpConfig http;
    http.encoded_slashes = slashes;
    bool keep = slashes == EncodedSlashes::Keep;
    each_path("/", 3, [&](const std::string& path) {
      bool possible = a_request_can_have(path, keep ? EncodedSlash::Keep : EncodedSlash::Refuse);
      EXPECT_EQ(parse_route_path(path, PathType::Exact, http).ok(), possible) << path;
      accepted += possible ? 1 : 0;
    });
  }
  EXPECT_GT(accepted, 500u);
}

// What a message says to write instead is accepted, unless another message has a reason of its own.
TEST(RoutePath, AdviceIsGood) {
  const std::string kWrite = ": write \"";
  size_t advised = 0;
  each_path("/", 3, [&](const std::string& path) {
    std::string outcome = path_of(path, PathType::Exact);
    size_t at = outcome.rfind(kWrite);
    if (!outcome.starts_with("error: ") || at == std::string::npos) return;
    std::string advice = outcome.substr(at + kWrite.size());
    advice.pop_back();
    std::string again = path_of(advice, PathType::Exact);
    EXPECT_EQ(again.find(kWrite), std::string::npos) << path << "\n" << again;
    ++advised;
  });
  EXPECT_GT(advised, 500u);
}

TEST(RoutePath, PrefixCoversWholeSegments) {
  EXPECT_EQ(path_of("/", PathType::Prefix), "/");
  EXPECT_EQ(path_of("/shop", PathType::Prefix), "/shop");
  EXPECT_EQ(path_of("/shop/", PathType::Prefix), "/shop");
  EXPECT_EQ(path_of("/shop/", PathType::Exact), "/shop/");
}

TEST(RoutePath, IsTakenAsItComesWhereNothingIsMadeNormal) {
  HttpConfig http;
  http.normalize_paths = false;
  for (const char* path : {"/a//b", "/./a", "/../a", "/a%2eb", "/%c3%a9", "/..%2F", "/a//"}) {
    EXPECT_EQ(path_of(path, PathType::Exact, http), path);
  }
}

TEST(RoutePath, SaysWhatToWriteForAUrl) {
  std::string outcome = path_of("https://shop.example.com/a/../b?c", PathType::Prefix);
  EXPECT_NE(outcome.find("write \"/b\""), std::string::npos) << outcome;
}

}  // namespace
}  // namespace sallyport
