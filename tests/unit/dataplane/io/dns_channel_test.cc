#include "dataplane/io/dns_channel.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/dataplane/io/name_server.h"

namespace sallyport {
namespace {

using Kind = DnsReply::Kind;

/// A channel on a loop that runs in the test's own thread, until the reply comes.
class DnsChannelTest : public testing::Test {
 protected:
  DnsChannelTest() {
    setenv("CARES_HOSTS", "/dev/null", 1);
    config_.servers = {server_.address()};
    config_.timeout = Millis(100);
    make();
  }
  ~DnsChannelTest() override { unsetenv("CARES_HOSTS"); }

  void make() { channel_ = std::make_unique<DnsChannel>(loop_, config_, "/dev/null"); }

  DnsReply ask(const std::string& name, int family = AF_UNSPEC) {
    std::optional<DnsReply> got;
    channel_->ask(name, family, [&](DnsReply reply) {
      got = std::move(reply);
      loop_.stop();
    });
    loop_.run();
    EXPECT_TRUE(got.has_value());
    return got.value_or(DnsReply{});
  }

  NameServer server_;
  ResolverConfig config_;
  Loop loop_;
  std::unique_ptr<DnsChannel> channel_;
};

TEST_F(DnsChannelTest, AReplyFromDnsHasItsCompleteNameAndSmallestTtl) {
  server_.a("db.test", {{"10.0.0.1"}, 70, 0, NameServer::Way::Answer, "real.test", 60});
  server_.aaaa("db.test", {{"2001:db8::1"}, 50, 0, NameServer::Way::Answer, "real.test", 80});
  DnsReply reply = ask("db.test");
  EXPECT_EQ(reply.kind, Kind::Found);
  EXPECT_FALSE(reply.local);
  EXPECT_EQ(reply.addresses.size(), 2u);
  EXPECT_EQ(reply.question, "db.test.");
  EXPECT_EQ(reply.ttl, Seconds(50));
}

struct Ttl {
  uint32_t sent;
  Seconds expected;
};
class DnsTtlTest : public DnsChannelTest, public testing::WithParamInterface<Ttl> {};

TEST_P(DnsTtlTest, IsNotNegative) {
  server_.a("db.test", {{"10.0.0.1"}, GetParam().sent});
  EXPECT_EQ(ask("db.test", AF_INET).ttl, GetParam().expected);
}
// RFC 2181, section 8: with the topmost bit set it is zero.
INSTANTIATE_TEST_SUITE_P(Edges, DnsTtlTest,
                         testing::Values(Ttl{0, Seconds(0)}, Ttl{0x7fffffff, Seconds(0x7fffffff)},
                                         Ttl{0x80000000, Seconds(0)}, Ttl{0xffffffff, Seconds(0)}),
                         [](const auto& i) { return "Ttl" + std::to_string(i.param.sent); });

TEST_F(DnsChannelTest, ADefiniteNoDiffersFromAFailure) {
  server_.both("nodata.test", {});
  server_.both("broken.test", {{}, 1, NameServer::kServFail});
  server_.both("silent.test", {{}, 1, 0, NameServer::Way::Silent});
  EXPECT_EQ(ask("nowhere.test").kind, Kind::Nothing);
  EXPECT_EQ(ask("nodata.test").kind, Kind::Nothing);
  EXPECT_EQ(ask("broken.test").kind, Kind::Failed);
  EXPECT_EQ(ask("silent.test").kind, Kind::Failed);
  EXPECT_STRNE(ask("broken.test").reason, "");
  EXPECT_STRNE(ask("nowhere.test").reason, "");
}

TEST_F(DnsChannelTest, LocalNamesAreAnsweredWithoutAQuestion) {
  for (const char* name : {"localhost", "localhost.", "a.b.localhost"}) {
    DnsReply reply = ask(name);
    EXPECT_EQ(reply.kind, Kind::Found) << name;
    EXPECT_TRUE(reply.local) << name;
    EXPECT_EQ(reply.addresses.size(), 2u) << name;
    EXPECT_EQ(ask(name, AF_INET).addresses, std::vector{*Address::parse_ip("127.0.0.1")}) << name;
    EXPECT_EQ(ask(name, AF_INET6).addresses, std::vector{*Address::parse_ip("::1")}) << name;
  }
  EXPECT_EQ(server_.different_questions(), 0u);
}

TEST_F(DnsChannelTest, QuestionsStillOpenAtTheEndGetNoReply) {
  server_.hold(true);
  int replies = 0;
  for (const char* name : {"a.test", "b.test"}) {
    channel_->ask(name, AF_UNSPEC, [&](DnsReply) { ++replies; });
  }
  channel_.reset();
  EXPECT_EQ(replies, 0);
}

TEST_F(DnsChannelTest, ItsServersAreThoseOfTheConfigurationOrTheSystems) {
  EXPECT_EQ(channel_->servers(), server_.address().text());
  config_.servers = {*Address::parse("10.0.0.53:5353"), *Address::parse("[2001:db8::53]:53")};
  make();
  EXPECT_EQ(channel_->servers(), "10.0.0.53:5353,[2001:db8::53]:53");
  config_.servers = {};
  make();
  EXPECT_EQ(channel_->servers(), "127.0.0.1:53") << "resolv.conf names none";
}

}  // namespace
}  // namespace sallyport
