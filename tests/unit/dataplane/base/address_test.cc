#include "dataplane/base/address.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Address, ReadsWhatItPrints) {
  for (const char* text : {"10.0.0.1:443", "[::1]:8080", "[2001:db8::5]:1", "0.0.0.0:0"}) {
    auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, PrintsOntoTheEndOfAText) {
  struct {
    Address address;
    const char* ip;
    const char* whole;
  } rows[] = {
      {*Address::parse("255.1.20.0:65535"), "255.1.20.0", "255.1.20.0:65535"},
      {*Address::parse("[2001:db8::5]:1"), "2001:db8::5", "[2001:db8::5]:1"},
      {Address(), "-", "-"},
  };
  for (const auto& [address, ip, whole] : rows) {
    EXPECT_EQ(address.ip_text(), ip);
    EXPECT_EQ(address.text(), whole);
    std::string text = "a ";
    address.append_ip_text(text);
    text += " b ";
    address.append_text(text);
    EXPECT_EQ(text, std::string("a ") + ip + " b " + whole);
  }
}

TEST(Address, RefusesWhatCouldBeReadTwoWays) {
  for (const char* text : {"", "10.0.0.1", "::1:443", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:+1",
                           "10.0.0.1: 1", "name:443", "[10.0.0.1]:443", "010.0.0.1:443", "[::1]",
                           "10.0.0.1:443x"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse_ip(std::string_view("10.0.0.1\0.example", 17)));
}

TEST(Address, MappedIpv6IsIpv4) {
  auto mapped = Address::parse("[::ffff:10.1.2.3]:80");
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->is_v4());
  EXPECT_EQ(mapped->text(), "10.1.2.3:80");
  EXPECT_EQ(*mapped, *Address::parse("10.1.2.3:80"));
}

TEST(Address, ComparesIpAndPort) {
  Address a = *Address::parse("10.0.0.1:1");
  EXPECT_TRUE(a.same_ip(a.with_port(2)));
  EXPECT_FALSE(a == a.with_port(2));
  EXPECT_EQ(a.ip_hash(), a.with_port(2).ip_hash());
  EXPECT_FALSE(a == Address());
  EXPECT_EQ(Address(), Address());
}

TEST(Network, ContainsByItsBits) {
  struct Row {
    const char* network;
    const char* ip;
    bool inside;
  };
  for (const Row& row : {
           Row{"10.0.0.0/8", "10.255.0.1", true},
           Row{"10.0.0.0/8", "11.0.0.1", false},
           Row{"10.1.2.128/25", "10.1.2.129", true},
           Row{"10.1.2.128/25", "10.1.2.127", false},
           Row{"0.0.0.0/0", "203.0.113.9", true},
           Row{"0.0.0.0/0", "::1", false},
           Row{"192.0.2.7", "192.0.2.7", true},
           Row{"192.0.2.7", "192.0.2.8", false},
           Row{"2001:db8::/33", "2001:db8:7fff::1", true},
           Row{"2001:db8::/33", "2001:db8:8000::1", false},
       }) {
    auto network = Network::parse(row.network);
    ASSERT_TRUE(network) << row.network;
    EXPECT_EQ(network->contains(*Address::parse_ip(row.ip)), row.inside)
        << row.network << " " << row.ip;
  }
}

TEST(Network, RefusesHostBitsAndNonsense) {
  for (const char* text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8",
                           "::/129", "2001:db8::1/64", "name/8"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport
