#include "dataplane/wire/http_field.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sallyport {
namespace {

const std::map<std::string, FieldName> kNames = {
    {"Accept", FieldName::Accept},
    {"Client-Cert", FieldName::ClientCert},
    {"Client-Cert-Chain", FieldName::ClientCert},
    {"Connection", FieldName::Connection},
    {"Content-Length", FieldName::ContentLength},
    {"Content-Type", FieldName::ContentType},
    {"Date", FieldName::Date},
    {"Expect", FieldName::Expect},
    {"Forwarded", FieldName::Forwarded},
    {"Host", FieldName::Host},
    {"Keep-Alive", FieldName::KeepAlive},
    {"Proxy", FieldName::Proxy},
    {"Proxy-Authenticate", FieldName::ProxyAuthenticate},
    {"Proxy-Authorization", FieldName::ProxyAuthorization},
    {"Proxy-Connection", FieldName::ProxyConnection},
    {"Referer", FieldName::Referer},
    {"Server", FieldName::Server},
    {"ssl-client-verify", FieldName::SslClient},
    {"ssl-client-", FieldName::SslClient},
    {"ssl-client-cert", FieldName::SslClient},  // as long as x-forwarded-for
    {"TE", FieldName::Te},
    {"Trailer", FieldName::Trailer},
    {"Transfer-Encoding", FieldName::TransferEncoding},
    {"Upgrade", FieldName::Upgrade},
    {"User-Agent", FieldName::UserAgent},
    {"Via", FieldName::Via},
    {"X-Forwarded-Client-Cert", FieldName::XForwardedClientCert},
    {"X-Forwarded-For", FieldName::XForwardedFor},
    {"X-Forwarded-Host", FieldName::XForwardedHost},
    {"X-Forwarded-Port", FieldName::XForwardedPort},
    {"X-Forwarded-Proto", FieldName::XForwardedProto},
    {"X-Forwarded-Scheme", FieldName::XForwardedScheme},
    {"X-Real-IP", FieldName::XRealIp},
    {"X-Request-ID", FieldName::XRequestId},
    {"X-Scheme", FieldName::XScheme},
};

std::string changed(std::string text, char (*change)(char)) {
  for (char& c : text) c = change(c);
  return text;
}

TEST(FieldName, IsFoundInEverySpelling) {
  for (const auto& [name, id] : kNames) {
    SCOPED_TRACE(name);
    EXPECT_EQ(field_name(name), id);
    EXPECT_EQ(field_name(changed(name, [](char c) { return static_cast<char>(std::toupper(c)); })),
              id);
    EXPECT_EQ(field_name(changed(name, [](char c) { return static_cast<char>(std::tolower(c)); })),
              id);
    EXPECT_EQ(field_name(changed(name, [](char c) { return c == '-' ? '_' : c; })), id);
  }
}

// Each name with one letter more, less or other is another name.
TEST(FieldName, IsOnlyFoundWhole) {
  for (const auto& [name, id] : kNames) {
    SCOPED_TRACE(name);
    if (id == FieldName::SslClient) continue;
    EXPECT_EQ(field_name("x" + name), FieldName::Other);
    EXPECT_EQ(field_name(name + "x"), FieldName::Other);
    EXPECT_EQ(field_name(name.substr(1)), FieldName::Other);
    for (size_t i = 0; i < name.size(); ++i) {
      std::string other = name;
      other[i] = '!';
      EXPECT_EQ(field_name(other), FieldName::Other);
    }
  }
  EXPECT_EQ(field_name(""), FieldName::Other);
  EXPECT_EQ(field_name("ssl-client"), FieldName::Other);
}

TEST(FieldName, IsComparedWithoutRegardToCase) {
  EXPECT_TRUE(same_name("Keep-Alive", "kEEP-aLIVE"));
  EXPECT_TRUE(same_name("", ""));
  EXPECT_FALSE(same_name("keep-alive", "keep_alive"));
  EXPECT_FALSE(same_name("a", "ab"));
  EXPECT_FALSE(same_name("@", "`"));
  EXPECT_FALSE(same_name("\xc4", "\xe4"));
}

TEST(FieldList, FindsTheFirstOfAName) {
  FieldList list;
  EXPECT_EQ(list.find(FieldName::Via), nullptr);
  list.add({"Via", "1", FieldName::Via});
  list.add({"via", "2", FieldName::Via});
  EXPECT_EQ(list.find(FieldName::Via)->value, "1");
  EXPECT_EQ(list.find(FieldName::Te), nullptr);
  while (!list.full()) list.add({"x", "y", FieldName::Other});
  EXPECT_EQ(list.size(), FieldList::kMost);
  list.clear();
  EXPECT_EQ(list.find(FieldName::Via), nullptr);
}

TEST(Members, AreVisitedWithoutWhiteSpaceAndEmptyOnes) {
  std::vector<std::string> seen;
  auto see = [&](std::string_view member) {
    seen.emplace_back(member);
    return member != "stop";
  };
  for_each_member(" a,b\t, ,,c d , stop,e", see);
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c d", "stop"}));
  seen.clear();
  for_each_member("", see);
  for_each_member(" , \t,", see);
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace sallyport
