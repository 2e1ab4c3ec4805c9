#include "dataplane/base/ip_text.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(IpText, IsWhatWasParsed) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_EQ(IpText(*Address::parse_ip(text)).view(), text);
  }
}

TEST(IpText, IsEmptyOfNoAddress) { EXPECT_EQ(IpText(Address()).view(), ""); }

}  // namespace
}  // namespace sallyport
