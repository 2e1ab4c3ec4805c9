#include "dataplane/io/resolver.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/base/log.h"
#include "tests/unit/dataplane/io/name_server.h"

namespace sallyport {
namespace {

using Way = NameServer::Way;
using Texts = std::vector<std::string>;

bool eventually(const std::function<bool()>& true_now, Seconds most = Seconds(10)) {
  auto end = std::chrono::steady_clock::now() + most;
  while (!true_now()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(Millis(5));
  }
  return true;
}

void write_file(const std::string& path, const std::string& text) {
  // As an editor does it: readers see the old file or the new one.
  std::ofstream(path + ".new") << text;
  ASSERT_EQ(::rename((path + ".new").c_str(), path.c_str()), 0);
}

/// A resolver on a running loop, its server, and a resolv.conf and hosts file of its own.
class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    folder_ = testing::TempDir() + "resolver_test_XXXXXX";
    CHECK(mkdtemp(folder_.data()));
    resolv_conf_ = folder_ + "/resolv.conf";
    hosts_ = folder_ + "/hosts";
    write_file(resolv_conf_, "options ndots:1\n");
    write_file(hosts_, "127.0.0.1 localhost\n");
    setenv("CARES_HOSTS", hosts_.c_str(), 1);
    config_.servers = {server_.address()};
    config_.timeout = Millis(150);
    config_.min_ttl = Seconds(1);
  }

  ~ResolverTest() override {
    if (thread_.joinable()) {
      on_loop([this] { resolver_.reset(); });
      stop();
    }
    unsetenv("CARES_HOSTS");
    std::filesystem::remove_all(folder_);
  }

  void start() {
    thread_ = std::thread([this] { loop_->run(); });
    on_loop([this] { make(); });
  }
  void start(const std::vector<std::string>& names) {
    start();
    resolver_->set_names(names);
  }
  void make() {
    resolver_ = std::make_unique<Resolver>(*loop_, config_, [this] { ++changes_; },
                                           resolv_conf_.c_str());
  }
  void stop() {
    loop_->stop();
    thread_.join();
  }
  void on_loop(const std::function<void()>& call) {
    std::promise<void> done;
    loop_->submit([&] {
      call();
      done.set_value();
    });
    done.get_future().wait();
  }

  Texts known(const std::string& name) {
    Texts texts;
    auto all = resolver_->addresses();
    for (const Address& a : all[name]) {
      EXPECT_EQ(a.port(), 0);
      texts.push_back(a.ip_text());
    }
    return texts;
  }
  bool settles() {
    return eventually([&] { return resolver_->settled(); });
  }
  bool becomes(const std::string& name, const Texts& expected) {
    return eventually([&] { return known(name) == expected; });
  }
  bool fails_again() {
    uint64_t before = resolver_->failures();
    return eventually([&] { return resolver_->failures() > before; });
  }
  /// When lookups of the name began. One may ask several times, but never waits this long.
  std::vector<NameServer::Clock::time_point> lookup_times(const std::string& name) {
    std::vector<NameServer::Clock::time_point> begun;
    NameServer::Clock::time_point last{};
    for (auto time : server_.times_of_a(name)) {
      if (time - last > Millis(500)) begun.push_back(time);
      last = time;
    }
    return begun;
  }
  size_t lookups(const std::string& name) { return lookup_times(name).size(); }

  NameServer server_;
  ResolverConfig config_;
  std::string folder_, resolv_conf_, hosts_;
  std::atomic<int> changes_ = 0;
  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>();
  std::unique_ptr<Resolver> resolver_;
  std::thread thread_;
};

TEST_F(ResolverTest, BothFamiliesAreMergedAndSorted) {
  server_.both("db.test", {{"10.0.0.9", "10.0.0.10", "2001:db8::2", "2001:db8::1"}});
  start();
  EXPECT_TRUE(resolver_->settled()) << "nothing was asked for";
  resolver_->set_names({"db.test", "db.test"});
  ASSERT_TRUE(settles());
  EXPECT_EQ(known("db.test"), (Texts{"10.0.0.9", "10.0.0.10", "2001:db8::1", "2001:db8::2"}));
  EXPECT_EQ(resolver_->failures(), 0u);
  EXPECT_TRUE(eventually([&] { return changes_ == 1; })) << changes_;
  EXPECT_EQ(server_.asked_a("db.test"), 1u);
}

TEST_F(ResolverTest, AnswersAreAskedForAgainWhenTheirTtlHasPassed) {
  server_.both("zero.test", {{"10.0.0.1"}, 0});        // min_ttl: a second
  server_.both("day.test", {{"10.0.0.1"}, 86'400});    // max_ttl: two
  server_.both("high.test", {{"10.0.0.1"}, 1u << 31}); // RFC 2181, section 8: zero
  config_.max_ttl = Seconds(2);
  start({"zero.test", "day.test", "high.test"});
  ASSERT_TRUE(settles());
  server_.both("zero.test", {{"10.0.0.2"}, 0});
  server_.both("day.test", {{"10.0.0.3"}, 86'400});
  server_.both("high.test", {{"10.0.0.4"}, 1u << 31});
  EXPECT_TRUE(becomes("zero.test", {"10.0.0.2"}));
  EXPECT_TRUE(becomes("high.test", {"10.0.0.4"}));
  EXPECT_TRUE(becomes("day.test", {"10.0.0.3"}));
  auto gap = [&](const std::string& name) {
    auto times = server_.times_of_a(name);
    return times.at(1) - times.at(0);
  };
  EXPECT_GE(gap("zero.test"), Millis(950));
  EXPECT_GE(gap("day.test"), Millis(1'950));
  EXPECT_LT(gap("zero.test"), gap("day.test"));
}

TEST_F(ResolverTest, TheSmallestTtlOfTheAnswerCounts) {
  server_.both("addresses.test", {{"10.0.0.1", "2001:db8::1"}, 100});
  server_.aaaa("addresses.test", {{"2001:db8::1"}, 1});
  server_.both("alias.test", {{"10.0.0.1"}, 100, 0, Way::Answer, "real.test", 1});
  server_.both("long.test", {{"10.0.0.1"}, 100});
  start({"addresses.test", "alias.test", "long.test"});
  ASSERT_TRUE(settles());
  EXPECT_EQ(known("alias.test"), Texts{"10.0.0.1"});
  EXPECT_TRUE(eventually([&] { return lookups("addresses.test") >= 2; }));
  EXPECT_TRUE(eventually([&] { return lookups("alias.test") >= 2; }));
  EXPECT_EQ(server_.asked_a("long.test"), 1u);
}

TEST_F(ResolverTest, ARotatedAnswerIsNoChange) {
  server_.both("db.test", {{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 1});
  start({"db.test"});
  ASSERT_TRUE(settles());
  server_.both("db.test", {{"10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.1"}, 1});
  ASSERT_TRUE(eventually([&] { return lookups("db.test") >= 3; })) << "the second is dealt with";
  EXPECT_EQ(changes_, 1);
  server_.both("db.test", {{"10.0.0.3", "10.0.0.1"}, 1});
  ASSERT_TRUE(becomes("db.test", {"10.0.0.1", "10.0.0.3"}));
  EXPECT_TRUE(eventually([&] { return changes_ == 2; }));
}

struct Failing {
  const char* name;
  NameServer::Rule rule;
};
const Failing kFailing[] = {
    {"servfail.test", {{}, 1, NameServer::kServFail}},
    {"refused.test", {{}, 1, NameServer::kRefused}},
    {"nxdomain.test", {{}, 1, NameServer::kNxDomain}},
    {"nodata.test", {{}, 1}},
    {"silent.test", {{}, 1, 0, Way::Silent}},
    {"malformed.test", {{"10.0.0.7", "2001:db8::7"}, 1, 0, Way::Malformed}},
    {"garbage.test", {{}, 1, 0, Way::Garbage}},
    {"wrongname.test", {{"10.0.0.7", "2001:db8::7"}, 1, 0, Way::WrongName}},
    {"unusable.test", {{"0.0.0.0", "::", "224.0.0.1", "fe80::1", "ff02::1"}, 1}},
};

TEST_F(ResolverTest, WhateverFailsKeepsTheOldAddressesAndRecovers) {
  std::vector<std::string> names;
  for (const Failing& f : kFailing) {
    names.push_back(f.name);
    server_.both(f.name, {{"10.0.0.1", "2001:db8::1"}, 1});
  }
  start(names);
  ASSERT_TRUE(settles());
  for (const Failing& f : kFailing) server_.both(f.name, f.rule);
  // The third lookup begins after the second, which fails, has been dealt with.
  for (const Failing& f : kFailing) {
    ASSERT_TRUE(eventually([&] { return lookups(f.name) >= 3; })) << f.name;
    EXPECT_EQ(known(f.name), (Texts{"10.0.0.1", "2001:db8::1"})) << f.name;
  }
  EXPECT_GE(resolver_->failures(), names.size());
  for (const Failing& f : kFailing) server_.both(f.name, {{"10.0.0.2"}, 1});
  for (const Failing& f : kFailing) EXPECT_TRUE(becomes(f.name, {"10.0.0.2"})) << f.name;
}

TEST_F(ResolverTest, WhateverFailsAtFirstSettlesWithoutAddressesAndIsTriedAgain) {
  std::vector<std::string> names;
  for (const Failing& f : kFailing) {
    names.push_back(f.name);
    server_.both(f.name, f.rule);
  }
  start(names);
  EXPECT_FALSE(resolver_->settled()) << "nothing can be known of the silent one so soon";
  ASSERT_TRUE(settles());
  EXPECT_TRUE(eventually([&] { return changes_ == 1; })) << "the end of the round is reported";
  EXPECT_TRUE(resolver_->addresses().empty());
  EXPECT_GE(resolver_->failures(), names.size());
  for (const Failing& f : kFailing) server_.both(f.name, {{"10.0.0.2"}, 1});
  for (const Failing& f : kFailing) EXPECT_TRUE(becomes(f.name, {"10.0.0.2"})) << f.name;
}

TEST_F(ResolverTest, AServerThatIsGoneLeavesTheOldAddresses) {
  server_.both("db.test", {{"10.0.0.1"}, 1});
  start({"db.test"});
  ASSERT_TRUE(settles());
  server_.stop();
  ASSERT_TRUE(fails_again());
  ASSERT_TRUE(fails_again());
  EXPECT_EQ(known("db.test"), Texts{"10.0.0.1"});
}

TEST_F(ResolverTest, TheSecondServerIsAskedWhenTheFirstFails) {
  NameServer second;
  server_.both("db.test", {{}, 1, NameServer::kServFail});
  second.both("db.test", {{"10.0.0.1"}, 1});
  config_.servers = {server_.address(), second.address()};
  start({"db.test"});
  EXPECT_TRUE(becomes("db.test", {"10.0.0.1"}));
}

TEST_F(ResolverTest, UnusableAddressesAreLeftOut) {
  server_.both("db.test", {{"0.0.0.0", "10.0.0.1", "239.1.1.1", "fe80::1", "::", "2001:db8::1"}});
  start({"db.test"});
  EXPECT_TRUE(becomes("db.test", {"10.0.0.1", "2001:db8::1"}));
}

TEST_F(ResolverTest, AFamilyThatFailsKeepsItsOldAddresses) {
  server_.both("db.test", {{"10.0.0.1", "2001:db8::1"}, 1});
  start({"db.test"});
  ASSERT_TRUE(settles());
  server_.a("db.test", {{"10.0.0.2"}, 1});
  server_.aaaa("db.test", {{}, 1, NameServer::kServFail});
  EXPECT_TRUE(becomes("db.test", {"10.0.0.2", "2001:db8::1"}));
  EXPECT_TRUE(eventually([&] { return resolver_->failures() > 0; }));
  server_.a("db.test", {{}, 1, 0, Way::Silent});
  server_.aaaa("db.test", {{"2001:db8::2"}, 1});
  EXPECT_TRUE(becomes("db.test", {"10.0.0.2", "2001:db8::2"}));
}

TEST_F(ResolverTest, AFamilyThatIsNoMoreIsForgotten) {
  server_.both("db.test", {{"10.0.0.1", "2001:db8::1"}, 1});
  start({"db.test"});
  ASSERT_TRUE(settles());
  server_.aaaa("db.test", {{}, 1});
  EXPECT_TRUE(becomes("db.test", {"10.0.0.1"}));
  server_.a("db.test", {{}, 1});
  server_.aaaa("db.test", {{"2001:db8::2"}, 1});
  EXPECT_TRUE(becomes("db.test", {"2001:db8::2"}));
  EXPECT_EQ(resolver_->failures(), 0u);
}

TEST_F(ResolverTest, OneFamilyIsUsedWhenTheOtherNeverAnswers) {
  server_.a("silent.test", {{"10.0.0.1"}, 1});
  server_.aaaa("silent.test", {{}, 1, 0, Way::Silent});
  server_.a("broken.test", {{"10.0.0.2"}, 1});
  server_.aaaa("broken.test", {{"2001:db8::2"}, 1, 0, Way::Malformed});
  start({"silent.test", "broken.test"});
  EXPECT_TRUE(becomes("silent.test", {"10.0.0.1"}));
  EXPECT_TRUE(becomes("broken.test", {"10.0.0.2"}));
}

TEST_F(ResolverTest, ATruncatedAnswerIsFetchedByTcp) {
  Texts many;
  for (int i = 10; i < 90; ++i) many.push_back("10.0.0." + std::to_string(i));
  server_.a("db.test", {many, 60, 0, Way::OnlyTcp});
  server_.aaaa("db.test", {});
  start({"db.test"});
  EXPECT_TRUE(becomes("db.test", many));
}

TEST_F(ResolverTest, TheAddressesOfANameAreBounded) {
  Texts many;
  for (int i = 0; i < 400; ++i) {
    many.push_back("10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200));
  }
  server_.a("db.test", {many, 60, 0, Way::OnlyTcp});
  server_.aaaa("db.test", {});
  start({"db.test"});
  ASSERT_TRUE(settles());
  EXPECT_EQ(known("db.test").size(), Resolver::kAddressesMost);
}

TEST_F(ResolverTest, LocalhostIsThisMachineAndNobodyIsAsked) {
  start({"localhost", "localhost.", "shop.localhost"});
  ASSERT_TRUE(settles());
  for (const char* name : {"localhost", "localhost.", "shop.localhost"}) {
    Texts texts = known(name);
    ASSERT_FALSE(texts.empty()) << name;
    EXPECT_EQ(texts.front(), "127.0.0.1") << name;
  }
  EXPECT_EQ(server_.different_questions(), 0u);
}

TEST_F(ResolverTest, TheHostsFileWinsOverDnsInBothFamilies) {
  server_.both("db.test", {{"10.0.0.1", "2001:db8::1"}, 1});
  start({"db.test"});
  ASSERT_TRUE(becomes("db.test", {"10.0.0.1", "2001:db8::1"}));
  write_file(hosts_, "127.0.0.1 localhost\n10.9.9.9 pinned db.test # by hand\n");
  EXPECT_TRUE(becomes("db.test", {"10.9.9.9"}));
  EXPECT_EQ(resolver_->failures(), 0u);
}

TEST_F(ResolverTest, TheSearchListAppliesUnlessTheNameEndsInADot) {
  write_file(resolv_conf_, "search shop.svc.test svc.test\noptions ndots:2\n");
  server_.both("db.svc.test", {{"10.0.0.1"}});
  server_.both("db", {{"10.0.0.2"}});
  server_.both("far.example.test", {{"10.0.0.3"}});
  server_.both("far.example.test.svc.test", {{"10.0.0.4"}});
  start({"db", "db.", "far.example.test"});
  ASSERT_TRUE(settles());
  EXPECT_EQ(known("db"), Texts{"10.0.0.1"});
  EXPECT_EQ(known("db."), Texts{"10.0.0.2"});
  EXPECT_EQ(known("far.example.test"), Texts{"10.0.0.3"});
}

TEST_F(ResolverTest, AFamilyIsNotTakenFromAnotherDomainOfTheSearchList) {
  write_file(resolv_conf_, "search one.test two.test\noptions ndots:2\n");
  server_.both("db.one.test", {{"10.0.0.1", "2001:db8::1"}, 1});
  server_.both("db.two.test", {{"10.6.6.6", "2001:db8::6"}, 1});
  start({"db"});
  ASSERT_TRUE(becomes("db", {"10.0.0.1", "2001:db8::1"}));
  server_.aaaa("db.one.test", {{}, 1});
  EXPECT_TRUE(becomes("db", {"10.0.0.1"}));
  EXPECT_EQ(server_.asked_aaaa("db.two.test"), 0u);
}

TEST_F(ResolverTest, AChangedResolvConfIsFollowed) {
  write_file(resolv_conf_, "search one.test\n");
  server_.both("db.one.test", {{"10.0.0.1"}, 1});
  server_.both("db.second.test", {{"10.0.0.2"}, 1});
  start({"db"});
  ASSERT_TRUE(becomes("db", {"10.0.0.1"}));
  write_file(resolv_conf_, "search second.test\n");
  EXPECT_TRUE(becomes("db", {"10.0.0.2"}));
}

TEST_F(ResolverTest, RetriesBackOff) {
  server_.both("db.test", {{}, 1, NameServer::kServFail});
  start({"db.test"});
  ASSERT_TRUE(eventually([&] { return lookups("db.test") >= 3; }));
  auto times = lookup_times("db.test");
  EXPECT_GE(times[1] - times[0], Millis(740));
  EXPECT_LT(times[1] - times[0], Millis(1'400));
  EXPECT_GE(times[2] - times[1], Millis(1'490));
}

TEST_F(ResolverTest, WhatIsNoHostNameFailsAndHarmsNobody) {
  server_.both("db.test", {{"10.0.0.1"}});
  std::string no_names[] = {"", ".", "..", "a..b", std::string(64, 'x') + ".test",
                            std::string(300, 'y'), std::string("nul\0.test", 9)};
  std::vector<std::string> names(std::begin(no_names), std::end(no_names));
  names.push_back("db.test");
  start(names);
  ASSERT_TRUE(settles());
  EXPECT_EQ(resolver_->addresses().size(), 1u);
  EXPECT_EQ(known("db.test"), Texts{"10.0.0.1"});
  EXPECT_GE(resolver_->failures(), std::size(no_names));
}

TEST_F(ResolverTest, NamesAreForgottenAtOnceAndAskedForAgain) {
  server_.both("a.test", {{"10.0.0.1"}});
  server_.both("b.test", {{"10.0.0.2"}});
  start({"a.test", "b.test"});
  ASSERT_TRUE(settles());
  resolver_->set_names({"b.test"});
  EXPECT_EQ(resolver_->addresses().size(), 1u);
  EXPECT_TRUE(resolver_->settled());
  server_.both("a.test", {{"10.0.0.3"}});
  resolver_->set_names({"a.test", "b.test"});
  EXPECT_TRUE(becomes("a.test", {"10.0.0.3"}));
  EXPECT_EQ(server_.asked_a("b.test"), 1u) << "it was known";
}

TEST_F(ResolverTest, TheAnswerToAForgottenQuestionIsNotTaken) {
  server_.both("a.test", {{"10.0.0.1"}});
  server_.hold(true);
  start({"a.test"});
  ASSERT_TRUE(eventually([&] { return server_.asked_aaaa("a.test") > 0; }));
  resolver_->set_names({});
  EXPECT_TRUE(resolver_->settled());
  server_.hold(false);
  server_.both("b.test", {{"10.0.0.2"}, 1});
  resolver_->set_names({"b.test"});
  ASSERT_TRUE(eventually([&] { return lookups("b.test") >= 2; })) << "the first is dealt with";
  EXPECT_EQ(resolver_->addresses().size(), 1u);
}

TEST_F(ResolverTest, ANameForgottenAndSetAgainIsLookedUpOnceFromThenOn) {
  server_.both("a.test", {{}, 1, 0, Way::Silent});
  start({"a.test"});
  ASSERT_TRUE(eventually([&] { return server_.asked_aaaa("a.test") > 0; }));
  server_.both("a.test", {{"10.0.0.1"}, 1});
  resolver_->set_names({});
  resolver_->set_names({"a.test"});
  // The new lookup is answered at once, the old one when it tries again, which comes third.
  ASSERT_TRUE(eventually([&] { return server_.asked_a("a.test") >= 5; }));
  auto times = server_.times_of_a("a.test");
  for (size_t i = 4; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], Millis(900));
}

TEST_F(ResolverTest, QuestionsInFlightAreBoundedAndTheRestWaits) {
  config_.timeout = Millis(5'000);
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.push_back("n" + std::to_string(i) + ".test");
    server_.both(names.back(), {{"10.0.0.1"}});
  }
  server_.hold(true);
  start(names);
  ASSERT_TRUE(eventually([&] { return server_.different_questions() >= 64; }));
  // Whatever else it were to ask would come before the loop has turned a few times more.
  for (int i = 0; i < 20; ++i) on_loop([] {});
  EXPECT_EQ(server_.different_questions(), 2 * Resolver::kLookupsMost);
  server_.hold(false);
  ASSERT_TRUE(settles());
  EXPECT_EQ(resolver_->addresses().size(), names.size());
}

TEST_F(ResolverTest, CanBeDestroyedWithQuestionsInFlight) {
  server_.hold(true);
  start({"a.test", "b.test", "localhost"});
  ASSERT_TRUE(eventually([&] { return server_.different_questions() >= 4; }));
  int changes = 0;
  on_loop([&] {
    resolver_->set_names({"c.test"});  // its call to the loop comes after the end
    resolver_.reset();
    changes = changes_;
  });
  server_.hold(false);
  for (int i = 0; i < 20; ++i) on_loop([] {});
  EXPECT_EQ(changes_, changes);
}

TEST_F(ResolverTest, CanBeMadeBeforeTheLoopRunsAndDestroyedAfterIt) {
  server_.both("a.test", {{"10.0.0.1"}});
  make();
  resolver_->set_names({"a.test"});
  thread_ = std::thread([this] { loop_->run(); });
  ASSERT_TRUE(becomes("a.test", {"10.0.0.1"}));
  server_.hold(true);
  resolver_->set_names({"a.test", "b.test"});
  ASSERT_TRUE(eventually([&] { return server_.asked_a("b.test") > 0; }));
  stop();
  resolver_.reset();
  loop_.reset();
}

TEST_F(ResolverTest, AllThreadsMayAskAndSetNames) {
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    server_.both(name, {{"10.0.0.1", "2001:db8::1"}, 1});
  }
  start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        resolver_->set_names(i % 2 ? std::vector<std::string>{"a.test", "b.test"}
                                   : std::vector<std::string>{"b.test", "c.test"});
        EXPECT_LE(resolver_->addresses().size(), 2u);
        resolver_->settled();
        resolver_->failures();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  resolver_->set_names({"c.test"});
  EXPECT_TRUE(becomes("c.test", {"10.0.0.1", "2001:db8::1"}));
  EXPECT_EQ(resolver_->addresses().size(), 1u);
}

class CollectingSink : public LogSink {
 public:
  void write(std::string_view lines) override {
    std::lock_guard lock(mutex_);
    text_ += lines;
  }
  std::string text() {
    flush_log();
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

TEST_F(ResolverTest, AFailureIsLoggedOnceWithItsNameServerAndReason) {
  CollectingSink sink;
  set_log_sink(&sink);
  server_.both("db.test", {{"10.0.0.1"}, 1});
  start({"db.test"});
  ASSERT_TRUE(settles());
  server_.both("db.test", {{}, 1, NameServer::kServFail});
  ASSERT_TRUE(fails_again());
  ASSERT_TRUE(fails_again());
  server_.both("db.test", {{"10.0.0.1"}, 1});
  EXPECT_TRUE(eventually([&] { return sink.text().find(" info ") != std::string::npos; }));
  set_log_sink(nullptr);
  std::string text = sink.text();
  size_t line = text.find(" warning name does not resolve name=db.test servers=" +
                          server_.address().text());
  ASSERT_NE(line, std::string::npos) << text;
  EXPECT_NE(text.find("server", line), std::string::npos) << text;
  EXPECT_EQ(text.find(" warning ", line + 1), std::string::npos) << text;
  EXPECT_NE(text.find(" info name resolves again name=db.test addresses=1"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace sallyport
