#include "dataplane/relay/affinity.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/wire/h1_head.h"

namespace sallyport {
namespace {

std::string cookie(const std::string& fields) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  RequestHead parsed;
  EXPECT_EQ(parse_request_head(as_bytes(head), 100, parsed), H1Fault::None);
  return std::string(cookie_value(parsed.fields, "route"));
}

TEST(CookieValue, IsTheFirstOfItsName) {
  EXPECT_EQ(cookie(""), "");
  EXPECT_EQ(cookie("Cookie: route=1\r\n"), "1");
  EXPECT_EQ(cookie("cookie: a=b; route=1; c=d\r\n"), "1");
  EXPECT_EQ(cookie("Cookie: a=b;route=1\r\n"), "1");
  EXPECT_EQ(cookie("Cookie: a=b\r\nCookie: route=2; route=3\r\n"), "2");
  EXPECT_EQ(cookie("Cookie: route=a=b\r\n"), "a=b");
  // Names of cookies have case (RFC 6265 section 5.4), and end with the sign.
  EXPECT_EQ(cookie("Cookie: Route=1; routes=2; aroute=3; route; route1=4\r\n"), "");
  EXPECT_EQ(cookie("Cookie: route=\r\n"), "");
  EXPECT_EQ(cookie("Cookie: " + std::string("route=") + std::string(300, 'x') + "\r\n"), "");
  EXPECT_EQ(cookie("X-Cookie: route=1\r\n"), "");
}

TEST(AffinityHash, DependsOnTheValueAlone) {
  EXPECT_EQ(affinity_hash("0123456789abcdef"), affinity_hash(std::string("0123456789abcdef")));
  EXPECT_NE(affinity_hash("0123456789abcdef"), affinity_hash("0123456789abcdee"));
}

}  // namespace
}  // namespace sallyport
