#include "dataplane/model/bind_address.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(BindAddress, OfAPortAloneIsEveryAddress) {
  auto bind = parse_bind_address(":443");
  ASSERT_TRUE(bind);
  EXPECT_TRUE(bind->any);
  EXPECT_EQ(bind->address.text(), "[::]:443");
}

TEST(BindAddress, WithAnIpIsOneFamily) {
  for (const char* text : {"0.0.0.0:443", "[::]:443", "10.0.0.1:1", "[2001:db8::1]:65535"}) {
    auto bind = parse_bind_address(text);
    ASSERT_TRUE(bind) << text;
    EXPECT_FALSE(bind->any);
    EXPECT_EQ(bind->address.text(), text);
  }
}

TEST(BindAddress, IsNoNameAndNoPortZero) {
  for (const char* text : {"", ":", "443", "localhost:443", "::1:443", ":0", ":65536", ":-1",
                           "10.0.0.1", "[::1]", "*:443"}) {
    EXPECT_FALSE(parse_bind_address(text)) << text;
  }
}

TEST(BindAddress, CollidesWithItselfAndAnotherWildcard) {
  struct Case {
    const char* a;
    const char* b;
    bool collide;
  };
  const Case cases[] = {{":443", ":443", true},
                        {":443", ":444", false},
                        {":443", "10.0.0.1:443", false},
                        {":443", "0.0.0.0:443", true},
                        {":443", "[::]:443", true},
                        {"0.0.0.0:443", "[::]:443", false},
                        {"10.0.0.1:443", "10.0.0.1:443", true},
                        {"10.0.0.1:443", "10.0.0.2:443", false},
                        {"[::1]:443", "[0::1]:443", true}};
  for (const Case& c : cases) {
    auto a = parse_bind_address(c.a), b = parse_bind_address(c.b);
    EXPECT_EQ(collide(*a, *b), c.collide) << c.a << " " << c.b;
    EXPECT_EQ(collide(*b, *a), c.collide) << c.b << " " << c.a;
  }
}

}  // namespace
}  // namespace sallyport
