#include "dataplane/model/config.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport {
namespace {

TEST(Place, IsAFilesLineAndColumnOrAnObject) {
  EXPECT_EQ((Place{"edge.yaml", 14, 7}).text(), "edge.yaml:14:7");
  EXPECT_EQ((Place{"shop/web"}).text(), "shop/web");
}

TEST(Place, MakesNoDifference) {
  SecretConfig a, b;
  a.place = {"a.yaml", 1, 1, "secrets[0]"};
  EXPECT_TRUE(a == b);
  b.directory = "/srv";
  EXPECT_FALSE(a == b);
}

TEST(Problem, NamesItsValueUnlessItIsOfTheWholeFile) {
  EXPECT_EQ((Problem{{"a.yaml", 2, 3}, "sites[0].host", "is empty"}).text(),
            "a.yaml:2:3: sites[0].host: is empty");
  EXPECT_EQ((Problem{{"a.yaml"}, "", "cannot be read"}).text(), "a.yaml: cannot be read");
}

template <class E>
void expect_words(std::initializer_list<const char*> expected) {
  std::vector<const char*> wanted(expected);
  ASSERT_EQ(words<E>().size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_STREQ(words<E>()[i].text, wanted[i]);
    EXPECT_STREQ(name(words<E>()[i].value), wanted[i]);
  }
}

TEST(Words, AreThoseOfTheConfiguration) {
  expect_words<Protocol>({"http", "https", "tls", "tcp"});
  expect_words<Scenario>({"offload", "passthrough", "reencrypt"});
  expect_words<UnknownSni>({"refuse", "default"});
  expect_words<ProxyProtocolIn>({"off", "optional", "required"});
  expect_words<ProxyProtocolOut>({"off", "v1", "v2"});
  expect_words<VerifyClient>({"off", "optional", "optional_no_ca", "required"});
  expect_words<CrlCheck>({"auto", "leaf", "chain"});
  expect_words<ClientFields>({"ssl-client", "xfcc", "rfc9440"});
  expect_words<TlsVersion>({"1.2", "1.3"});
  expect_words<SslMode>({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"});
  expect_words<OnFailure>({"respond", "abort"});
  expect_words<PathType>({"Prefix", "Exact", "Regex"});
  expect_words<SameSite>({"None", "Lax", "Strict"});
  expect_words<EncodedSlashes>({"keep", "refuse"});
  expect_words<AccessLogFormat>({"json", "nginx"});
}

// PostgreSQL's are understood as well, but nothing is called by them.
TEST(Words, OfBackendsAreTwoForEachValue) {
  std::span<const Word<VerifyBackend>> all = words<VerifyBackend>();
  ASSERT_EQ(all.size(), 6u);
  const char* known[] = {"full", "ca", "none", "verify-full", "verify-ca", "require"};
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_STREQ(all[i].text, known[i]);
    EXPECT_STREQ(name(all[i].value), known[i % 3]);
    EXPECT_EQ(all[i].value, all[i % 3].value);
  }
}

}  // namespace
}  // namespace sallyport
