#include "dataplane/model/hostname.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Hostname, IsLowerCaseWithoutTheTrailingDot) {
  EXPECT_EQ(normal_host("Shop.Example.COM."), "shop.example.com");
  EXPECT_EQ(normal_host("a.."), "a.");  // one dot only: the rest is for the parser to refuse
  EXPECT_EQ(normal_host("."), ".");
  EXPECT_EQ(normal_host(""), "");
}

TEST(Hostname, TakesNamesWildcardsAndEverythingElse) {
  struct Case {
    const char* text;
    const char* host;
  };
  const Case cases[] = {{"shop.example.com", "shop.example.com"},
                        {"SHOP.example.com.", "shop.example.com"},
                        {"localhost", "localhost"},
                        {"*.Example.com", "*.example.com"},
                        {"*.localhost", "*.localhost"},
                        {"*", "*"},
                        {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
                        {"_acme-challenge.a_b.example", "_acme-challenge.a_b.example"},
                        {"3com.example", "3com.example"},
                        {"1.2.3.4.example", "1.2.3.4.example"}};
  for (const Case& c : cases) {
    auto host = parse_site_host(c.text);
    ASSERT_TRUE(host) << c.text << ": " << host.error().message;
    EXPECT_EQ(*host, c.host);
  }
}

TEST(Hostname, RefusesWhatNoClientCouldSend) {
  const std::string label63(63, 'a');
  const std::string refused[] = {"",
                                 ".",
                                 "..",
                                 "a..b",
                                 ".a",
                                 "a..",
                                 "*.",
                                 "*..a",
                                 "*.*.a",
                                 "a.*",
                                 "a*.b",
                                 "**",
                                 "-a",
                                 "a-.b",
                                 "a b",
                                 "a/b",
                                 "a:443",
                                 "münchen.example",
                                 std::string("a\0b", 3),
                                 "10.0.0.1",
                                 "::1",
                                 "[::1]",
                                 "1.2.3",
                                 "a.1",
                                 "*.10.0.0.1",
                                 label63 + "a.example",
                                 label63 + "." + label63 + "." + label63 + "." + label63};
  for (const std::string& text : refused) EXPECT_FALSE(parse_site_host(text)) << text;
}

TEST(Hostname, HasAtMost253Characters) {
  const std::string label(63, 'a');
  std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_TRUE(parse_site_host(longest));
  EXPECT_TRUE(parse_site_host(longest + "."));
  EXPECT_FALSE(parse_site_host("a" + longest));
}

TEST(Hostname, OfABackendIsNoWildcard) {
  EXPECT_TRUE(parse_dns_name("bank.internal"));
  EXPECT_FALSE(parse_dns_name("*.internal"));
  EXPECT_FALSE(parse_dns_name("*"));
}

}  // namespace
}  // namespace sallyport
