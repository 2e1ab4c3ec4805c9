#include "dataplane/route/route_treatment.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <string>

namespace sallyport {
namespace {

TEST(RouteTreatment, IsNoneForMostRoutes) {
  RouteConfig config;
  config.path = std::string("/x");
  config.path_type = PathType::Regex;
  config.service = "web";
  config.client_auth.emplace();
  config.redirect_http = false;
  EXPECT_EQ(RouteTreatment::make(config), nullptr);
  config.deny.push_back(*Network::parse("10.0.0.0/8"));
  EXPECT_NE(RouteTreatment::make(config), nullptr);
}

TEST(RouteTreatment, LetsInWhoIsAllowedAndNotDenied) {
  RouteTreatment treatment;
  auto in = [&](const char* ip) { return treatment.lets_in(*Address::parse_ip(ip)); };
  EXPECT_TRUE(in("192.0.2.1"));
  EXPECT_FALSE(treatment.guards());
  treatment.allow = {*Network::parse("10.0.0.0/8"), *Network::parse("2001:db8::/32")};
  treatment.deny = {*Network::parse("10.1.0.0/16")};
  EXPECT_TRUE(treatment.guards());
  EXPECT_TRUE(in("10.2.0.1"));
  EXPECT_TRUE(in("2001:db8::1"));
  EXPECT_FALSE(in("10.1.0.1"));
  EXPECT_FALSE(in("192.0.2.1"));
  EXPECT_FALSE(in("2001:db9::1"));
  treatment.allow.clear();
  EXPECT_TRUE(in("192.0.2.1"));
  EXPECT_FALSE(in("10.1.255.1"));
}

AffinityConfig cookie(const char* path, const char* domain) {
  AffinityConfig affinity;
  affinity.cookie = "route";
  affinity.path = std::string(path);
  affinity.domain = domain;
  return affinity;
}

TEST(RouteTreatment, AnswersByItselfWhereARouteCannotBeAsItSays) {
  auto respond = [](auto change) {
    RouteConfig config;
    config.path_type = PathType::Regex;
    config.path = std::string("/(.*)");
    config.service = "web";
    change(config);
    auto made = RouteTreatment::make(config);
    return made ? made->respond : 0;
  };
  EXPECT_EQ(respond([](RouteConfig& c) { c.rewrite = "/$3"; }), 0);  // empty, as in nginx
  EXPECT_EQ(respond([](RouteConfig& c) { c.host_header = "a.test"; }), 0);
  for (auto change : std::initializer_list<void (*)(RouteConfig&)>{
           [](RouteConfig& c) { c.rewrite = "/$x"; },
           [](RouteConfig& c) { c.rewrite = "/a b"; },
           [](RouteConfig& c) { c.rewrite = "/a\r\nX: y"; },
           [](RouteConfig& c) { c.rewrite = "a"; },
           [](RouteConfig& c) { c.redirect = RedirectConfig{302, "/a\r\nX: y"}; },
           [](RouteConfig& c) { c.redirect = RedirectConfig{302, "javascript:alert(1)"}; },
           [](RouteConfig& c) { c.redirect = RedirectConfig{200, "/a"}; },
           [](RouteConfig& c) { c.host_header = "a\r\nX: y"; },
           [](RouteConfig& c) { c.request_headers = {{"X-A", "b\r\nX: y"}}; },
           [](RouteConfig& c) { c.request_headers = {{"X-Real-IP", "10.0.0.1"}}; },
           [](RouteConfig& c) { c.response_headers = {{"X: y\r\nX-A", "b"}}; },
           [](RouteConfig& c) { c.response_headers = {{"Content-Length", "1"}}; },
           [](RouteConfig& c) { c.affinity.emplace().cookie = "a b"; },
           [](RouteConfig& c) { c.affinity = cookie("/x; Domain=y", ""); },
           [](RouteConfig& c) { c.affinity = cookie("/", "x; Secure"); },
       }) {
    EXPECT_EQ(respond(change), 503);
  }
}

TEST(RouteTreatment, WritesTheAttributesOfItsCookie) {
  RouteConfig config;
  AffinityConfig& affinity = config.affinity.emplace();
  affinity.cookie = "route";
  EXPECT_EQ(RouteTreatment::make(config)->cookie_end, "; Path=/; HttpOnly");
  affinity.path = "/shop";
  affinity.domain = "example.com";
  affinity.max_age = Seconds(60);
  affinity.same_site = SameSite::Lax;
  EXPECT_EQ(RouteTreatment::make(config)->cookie_end,
            "; Path=/shop; Domain=example.com; Max-Age=60; SameSite=Lax; HttpOnly");
}

std::string filled(const char* text, const TemplateValues& values) {
  std::array<uint8_t, 256> room;
  H1Writer out(room);
  write_template(out, *TextTemplate::parse(text, 9, TextTemplate::Words::OfRequest), values);
  return std::string(as_text(out.written()));
}

TEST(WriteTemplate, FillsItsPlaces) {
  TemplateValues values{{}, "shop.test", "/a/b", "?c=d"};
  values.groups[1] = "/x";
  values.groups[2] = "//evil.test";
  EXPECT_EQ(filled("https://other.test/y", values), "https://other.test/y");
  EXPECT_EQ(filled("https://www.$host$request_uri", values), "https://www.shop.test/a/b?c=d");
  EXPECT_EQ(filled("/new", values), "/new");
  EXPECT_EQ(filled("/new/$is_args$args", values), "/new/?c=d");
  EXPECT_EQ(filled("/new/?a=b&$args", values), "/new/?a=b&c=d");
  EXPECT_EQ(filled("/new$1", values), "/new/x");
  EXPECT_EQ(filled("https://other.test/$2", values), "https://other.test///evil.test");
  // A browser takes what begins with two slashes for another host.
  EXPECT_EQ(filled("/$1", values), "/x");
  EXPECT_EQ(filled("/$2", values), "/evil.test");
  EXPECT_EQ(filled("/$3$2", values), "/evil.test");
  EXPECT_EQ(filled("$2", values), "/evil.test");
  EXPECT_EQ(filled("$3x", values), "/x");
  EXPECT_EQ(filled("", values), "/");
  values.path = "*";  // of OPTIONS
  values.query = "?";
  EXPECT_EQ(filled("/new/$is_args$args", values), "/new/");
  values.query = {};
  EXPECT_EQ(filled("/new/$is_args$args", values), "/new/");
  EXPECT_EQ(filled("https://other.test$request_uri", values), "https://other.test/");
}

TEST(HstsValue, SaysWhatIsAsked) {
  EXPECT_EQ(hsts_value({}), "max-age=31536000");
  EXPECT_EQ(hsts_value({Seconds(60), true, true}), "max-age=60; includeSubDomains; preload");
}

}  // namespace
}  // namespace sallyport
