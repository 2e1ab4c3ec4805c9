#include "dataplane/wire/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

// What is refused stands in the table of refusals.
TEST(Authority, IsTakenApart) {
  struct {
    const char* text;
    const char* host;
    int port;
  } cases[] = {
      {"a", "a", 0},
      {"A.Example", "A.Example", 0},
      {"a.example.", "a.example.", 0},
      {"a_b-c.1:1", "a_b-c.1", 1},
      {"192.0.2.1:65535", "192.0.2.1", 65535},
      {"[::1]", "[::1]", 0},
      {"[2001:DB8::1]:443", "[2001:DB8::1]", 443},
      {"[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]", 80},
  };
  for (const auto& sample : cases) {
    Authority authority;
    ASSERT_TRUE(parse_authority(sample.text, authority)) << sample.text;
    EXPECT_EQ(authority.host, sample.host);
    EXPECT_EQ(authority.port, sample.port);
  }
}

TEST(Authority, IsComparedAsOneWouldReachIt) {
  struct {
    const char* a;
    const char* b;
    bool same;
  } cases[] = {
      {"a.example", "A.EXAMPLE", true},     {"a.example", "a.example.", true},
      {"a.example", "a.example:80", true},  {"a.example:8080", "a.example:8080", true},
      {"a.example", "a.example:81", false}, {"a.example", "b.example", false},
      {"[::1]", "[::1]:80", true},          {"a.example", "a.exampl", false},
  };
  for (const auto& sample : cases) {
    Authority a, b;
    ASSERT_TRUE(parse_authority(sample.a, a) && parse_authority(sample.b, b));
    EXPECT_EQ(same_authority(a, b, 80), sample.same) << sample.a << " " << sample.b;
    EXPECT_EQ(same_authority(b, a, 80), sample.same) << sample.a << " " << sample.b;
  }
}

}  // namespace
}  // namespace sallyport
