#include "control/kube/reflector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "tests/fuzz/kube_watch_rules.h"

namespace sallyport::kube {
namespace {

Reflector::Clock::time_point the_time;

/// What a reflector told.
struct Heard final : ReflectorListener {
  void on_changes(ObjectChanges changes) override {
    for (const ObjectChange& change : changes) {
      told.push_back((change.object ? "+" : "-") + change.name.text());
      if (change.object) {
        objects[change.name] = change.object;
      } else {
        objects.erase(change.name);
      }
    }
  }
  void on_count(const WatchScope&, size_t before, size_t after) override {
    EXPECT_EQ(before, counted);
    counted = after;
  }
  bool on_size(size_t before, size_t after) override {
    size -= before;
    if (size + after > room) return false;
    size += after;
    return true;
  }
  void on_settled(const WatchScope&) override { ++settled; }
  void on_relist(const WatchScope&) override { ++relists; }
  void on_fault(const WatchScope&, Fault fault, const std::string&) override {
    faults.push_back(name(fault));
  }
  void on_success(const WatchScope&) override { ++successes; }

  std::vector<std::string> told, faults;
  std::map<ObjectName, ObjectPtr> objects;
  int settled = 0, relists = 0, successes = 0;
  size_t counted = 0, size = 0, room = SIZE_MAX;
};

/// A reflector, and a server that is a list of answers.
class ReflectorTest : public testing::Test {
 protected:
  ReflectorTest() {
    the_time = Reflector::Clock::time_point(std::chrono::hours(1));
    settings_.now = [] { return the_time; };
    make(WatchScope{Kind::Ingress, "", "", false});
  }

  void make(WatchScope scope) {
    heard_ = {};
    reflector_ = std::make_unique<Reflector>(scope, settings_, heard_, 1);
  }

  // The target of the next request, after as much time as it takes.
  std::string asked() {
    auto at = reflector_->due_at();
    if (!at) return "(busy)";
    waited_ = std::max(*at - the_time, std::chrono::nanoseconds(0));
    the_time = std::max(the_time, *at);
    auto request = reflector_->due();
    return request ? request->target : "(nothing)";
  }

  void answer(int status, const std::string& body, TransferEnd end = TransferEnd::Complete,
              std::optional<Seconds> retry_after = {}) {
    if (status) reflector_->on_head({status, retry_after});
    size_t place = 0;
    bool more = true;
    while (place < body.size() && more) {
      size_t count = 1 + random_() % 700;
      more = reflector_->on_body(std::string_view(body).substr(place, count));
      place += count;
    }
    reflector_->on_end(more ? end : TransferEnd::Enough, "said");
  }

  // Answers the next request, which must contain `words`.
  void expect(const std::string& words, int status, const std::string& body,
              TransferEnd end = TransferEnd::Complete) {
    std::string target = asked();
    EXPECT_NE(target.find(words), std::string::npos) << target << " has no " << words;
    answer(status, body, end);
  }

  void no_streaming() {
    expect("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 422,
           R"({"kind":"Status","code":422})");
  }

  ReflectorSettings settings_;
  Heard heard_;
  std::unique_ptr<Reflector> reflector_;
  std::mt19937_64 random_{5};
  std::chrono::nanoseconds waited_{0};
};

std::string object(const std::string& name, int version) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"a","resourceVersion":")" +
         std::to_string(version) + R"(","annotations":{"v":")" + std::to_string(version) +
         R"("}}})";
}

std::string list(int version, const std::vector<std::string>& objects,
                 const std::string& next = "") {
  std::string items;
  for (const std::string& each : objects) items += (items.empty() ? "" : ",") + each;
  return R"({"kind":"IngressList","metadata":{"resourceVersion":")" + std::to_string(version) +
         "\"" + (next.empty() ? "" : R"(,"continue":")" + next + "\"") + R"(},"items":[)" + items +
         "]}\n";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string bookmark(int version, bool end = false) {
  return event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + std::to_string(version) + "\"" +
                               (end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})"
                                    : "") + "}}");
}

const std::string kGone =
    R"({"type":"ERROR","object":{"kind":"Status","message":"too old","code":410}})" "\n";

using Told = std::vector<std::string>;

TEST_F(ReflectorTest, AStreamingListGoesOnAsAWatch) {
  expect("/apis/networking.k8s.io/v1/ingresses?watch=true&allowWatchBookmarks=true", 200,
         event("ADDED", object("x", 5)) + event("ADDED", object("y", 6)) + bookmark(9, true) +
             event("MODIFIED", object("x", 10)) + event("DELETED", object("y", 11)));
  EXPECT_EQ(heard_.told, (Told{"+a/x", "+a/y", "+a/x", "-a/y"}));
  EXPECT_EQ(heard_.settled, 1);
  EXPECT_EQ(heard_.relists, 0);
  expect("&resourceVersion=11", 200, bookmark(20));
  EXPECT_NE(asked().find("&resourceVersion=20"), std::string::npos);
}

TEST_F(ReflectorTest, PagesWhereStreamingIsNotOffered) {
  no_streaming();
  expect("/ingresses?limit=500", 200, list(7, {object("x", 1)}, "to/ken="));
  EXPECT_EQ(heard_.settled, 0);
  expect("&continue=to%2Fken%3D", 200, list(7, {object("y", 2)}));
  EXPECT_EQ(heard_.told, (Told{"+a/x", "+a/y"}));
  EXPECT_EQ(heard_.settled, 1);
  EXPECT_NE(asked().find("watch=true"), std::string::npos);
  EXPECT_TRUE(heard_.faults.empty());
}

TEST_F(ReflectorTest, AServerWithoutAnEndMarkIsListed) {
  expect("sendInitialEvents", 200, event("ADDED", object("x", 1)));  // the whole watch, and its end
  expect("limit=500", 200, list(7, {object("x", 1)}));
  EXPECT_EQ(heard_.settled, 1);
  make(WatchScope{});
  asked();
  answer(200, event("ADDED", object("x", 1)), TransferEnd::Silent);
  expect("limit=500", 200, list(7, {}));
}

TEST_F(ReflectorTest, AnExpiredWatchIsListedAnewAndOnlyDifferencesAreTold) {
  no_streaming();
  expect("limit", 200, list(7, {object("x", 1), object("y", 2), object("z", 3)}));
  expect("resourceVersion=7", 200, kGone);
  EXPECT_EQ(heard_.relists, 1);
  EXPECT_EQ(heard_.faults, (Told{"expired"}));
  heard_.told.clear();
  expect("limit", 200, list(20, {object("x", 1), object("z", 18), object("n", 19)}));
  EXPECT_EQ(heard_.told, (Told{"+a/z", "+a/n", "-a/y"}));
  EXPECT_NE(asked().find("resourceVersion=20"), std::string::npos);
}

TEST_F(ReflectorTest, TheSameWithAStreamingListAndAStatus410) {
  asked();
  answer(200, event("ADDED", object("x", 1)) + event("ADDED", object("y", 2)) + bookmark(5, true));
  expect("resourceVersion=5", 410, "{}");
  heard_.told.clear();
  expect("sendInitialEvents", 200, event("ADDED", object("y", 2)) + bookmark(9, true));
  EXPECT_EQ(heard_.told, (Told{"-a/x"}));
}

TEST_F(ReflectorTest, WhatThereIsNoRoomForIsLeftOutUntilThereIs) {
  heard_.room = 3000;
  const std::string big = R"({"metadata":{"name":"big","namespace":"a","resourceVersion":"3",)"
                          R"("annotations":{"v":")" + std::string(2000, 'x') + R"("}}})";
  asked();
  answer(200, event("ADDED", object("x", 1)) + event("ADDED", object("y", 2)) +
                  event("ADDED", big) + bookmark(5, true) + event("MODIFIED", object("x", 6)));
  EXPECT_EQ(heard_.told, (Told{"+a/x", "+a/y", "+a/x"}));
  EXPECT_EQ(heard_.faults, (Told{"too_large"}));
  EXPECT_EQ(heard_.settled, 1);
  size_t small = heard_.size;
  // One that grows too large goes, instead of being served as it was.
  heard_.told.clear();
  expect("sendInitialEvents", 200, event("ADDED", object("x", 6)) + event("ADDED", object("y", 2)) +
                                       bookmark(7, true) + event("MODIFIED", std::string(big)
                                           .replace(big.find("big"), 3, "y")));
  EXPECT_EQ(heard_.told, (Told{"-a/y"}));
  EXPECT_LT(heard_.size, small);
  heard_.room = SIZE_MAX;
  heard_.told.clear();
  expect("sendInitialEvents", 200, event("ADDED", object("x", 6)) + event("ADDED", big) +
                                       bookmark(9, true));
  EXPECT_EQ(heard_.told, (Told{"+a/big"}));
  EXPECT_NE(asked().find("resourceVersion=9"), std::string::npos);
  size_t kept = 0;
  for (const auto& [name, object] : heard_.objects) kept += footprint(*object);
  EXPECT_EQ(heard_.size, kept);
  reflector_->drop();
  EXPECT_EQ(heard_.size, 0u);
}

TEST_F(ReflectorTest, ABrokenWatchGoesOnFromItsLastVersion) {
  asked();
  answer(200, event("ADDED", object("x", 1)) + bookmark(5, true) +
                  event("MODIFIED", object("x", 6)) + R"({"type":"MODIFIED","obj)",
         TransferEnd::Broken);
  EXPECT_EQ(heard_.faults, (Told{"reset"}));
  EXPECT_EQ(heard_.relists, 0);
  EXPECT_NE(asked().find("resourceVersion=6"), std::string::npos);
  EXPECT_LE(waited_, std::chrono::milliseconds(250));
}

TEST_F(ReflectorTest, APageThatFailsIsAskedForAgain) {
  no_streaming();
  expect("limit", 200, list(7, {object("x", 1)}, "token"));
  expect("continue=token", 500, R"({"kind":"Status","code":500})");
  expect("continue=token", 0, "", TransferEnd::Unreachable);
  expect("continue=token", 410, "{}");
  EXPECT_EQ(heard_.faults, (Told{"server_error", "unreachable", "expired"}));
  std::string again = asked();
  EXPECT_NE(again.find("limit=500"), std::string::npos);
  EXPECT_EQ(again.find("continue"), std::string::npos);
  answer(200, list(9, {}));
  EXPECT_EQ(heard_.told, (Told{"+a/x", "-a/x"}));
}

TEST_F(ReflectorTest, PagesThatAlwaysExpireEndAsOneList) {
  no_streaming();
  for (int i = 0; i < 2; ++i) {
    expect("limit=500", 200, list(7, {object("x", 1)}, "token"));
    expect("continue=token", 410, "{}");
  }
  expect("limit=0", 200, list(9, {object("x", 1)}));
  EXPECT_EQ(heard_.settled, 1);
}

TEST_F(ReflectorTest, RetryAfterIsObeyedAndWaitsGrow) {
  asked();
  answer(429, "Too many requests, please try again later.\n", TransferEnd::Complete, Seconds(3));
  asked();
  EXPECT_GE(waited_, std::chrono::seconds(3));
  answer(429, R"({"code":429})", TransferEnd::Complete, Seconds(100'000));
  asked();
  EXPECT_LE(waited_, std::chrono::seconds(61));
  for (int i = 0; i < 12; ++i) {
    answer(503, "");
    asked();
  }
  EXPECT_GE(waited_, std::chrono::seconds(15));
  EXPECT_LE(waited_, std::chrono::seconds(30));
}

TEST_F(ReflectorTest, RefusalsCountAsAnAnswerOnlyWhereTheyMay) {
  for (int status : {403, 404}) {
    make(WatchScope{Kind::Ingress, "", "", false});
    expect("watch", status, "404 page not found\n");
    EXPECT_EQ(heard_.settled, 0);
    make(WatchScope{Kind::Secret, "shop", "metadata.name=web", true});
    expect("/api/v1/namespaces/shop/secrets?watch", status, R"({"code":403})");
    EXPECT_EQ(heard_.settled, 1);
    EXPECT_EQ(heard_.faults.size(), 1u);
  }
  make(WatchScope{});
  expect("watch", 401, "");
  EXPECT_TRUE(reflector_->take_refused());
  EXPECT_FALSE(reflector_->take_refused());
}

TEST_F(ReflectorTest, AVersionThatTheServerNeverTakesIsGivenUp) {
  asked();
  answer(200, bookmark(500, true));
  for (int i = 0; i < 3; ++i) expect("resourceVersion=500", 504, "{}");
  EXPECT_EQ(heard_.relists, 1);
  expect("sendInitialEvents", 200, bookmark(5, true));
}

TEST_F(ReflectorTest, NonsenseAndTooMuchOfIt) {
  asked();
  answer(200, "nonsense\n");
  EXPECT_EQ(heard_.faults, (Told{"malformed"}));
  settings_.object_size = 1000;
  settings_.page_bytes = 2000;
  make(WatchScope{});
  asked();
  answer(200, std::string(5000, 'x'));
  EXPECT_EQ(heard_.faults, (Told{"too_large"}));
  no_streaming();
  expect("limit=500", 200, std::string(5000, ' '));
  expect("limit=100", 200, list(3, {}));
  EXPECT_EQ(heard_.settled, 1);
}

TEST_F(ReflectorTest, AnObjectThatCannotBeUnderstoodIsAsIfGone) {
  no_streaming();
  expect("limit", 200, list(7, {object("x", 1), object("y", 2)}));
  expect("resourceVersion=7", 200,
         event("MODIFIED", R"({"metadata":{"name":"x","namespace":"a","resourceVersion":"8"},)"
                           R"("spec":{"rules":7}})"));
  EXPECT_EQ(heard_.told, (Told{"+a/x", "+a/y", "-a/x"}));
  EXPECT_EQ(heard_.faults, (Told{"malformed"}));
  EXPECT_NE(asked().find("resourceVersion=8"), std::string::npos);
}

TEST_F(ReflectorTest, WatchesThatEndAtOnceAreNotACircle) {
  asked();
  answer(200, bookmark(5, true));
  for (int i = 0; i < 6; ++i) {
    asked();
    answer(200, "");
  }
  asked();
  EXPECT_GE(waited_, std::chrono::seconds(1));
}

// The body of a recorded response, without its chunk framing.
std::string recorded(const std::string& name, int& status) {
  std::ifstream file(std::string(SALLYPORT_SOURCE_DIR) + "/tests/kube/transcripts/" + name +
                     ".response.bin", std::ios::binary);
  std::string raw((std::istreambuf_iterator<char>(file)), {});
  size_t head = raw.find("\r\n\r\n") + 4;
  status = std::stoi(raw.substr(9, 3));
  bool chunked = raw.substr(0, head).find("Transfer-Encoding: chunked") != std::string::npos;
  std::string rest = raw.substr(head), body;
  if (!chunked) return rest;
  while (!rest.empty()) {
    size_t size = std::stoul(rest, nullptr, 16), begin = rest.find("\r\n") + 2;
    if (size == 0) break;
    body += rest.substr(begin, size);
    rest = rest.substr(begin + size + 2);
  }
  return body;
}

TEST_F(ReflectorTest, RecordingsUnderAnyBorders) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    random_.seed(seed);
    make(WatchScope{});
    int status = 0;
    auto play = [&](const std::string& name) {
      std::string body = recorded(name, status);
      asked();
      answer(status, body);
    };
    play("38-watchlist-without-match-422");
    for (const char* page : {"11-list-ingresses-page1", "11-list-ingresses-page2",
                             "11-list-ingresses-page3"}) {
      play(page);
    }
    EXPECT_EQ(heard_.objects.size(), 6u);
    EXPECT_EQ(heard_.settled, 1);
    play("30-watch-ingresses-75s");
    EXPECT_EQ(heard_.objects.size(), 6u);
    // One came, was changed in what is used twice and once in a label, and went.
    EXPECT_EQ(heard_.told.size(), 6u + 4u);
    play("24-watch-too-old-error-event");
    EXPECT_EQ(heard_.relists, 1);
    heard_.told.clear();
    play("10-list-ingresses-all");
    EXPECT_TRUE(heard_.told.empty());
    EXPECT_EQ(heard_.faults, (Told{"expired"}));

    make(WatchScope{});
    play("33-watchlist-ingresses");
    EXPECT_EQ(heard_.objects.size(), 6u);
    EXPECT_TRUE(heard_.faults.empty());
  }
}

TEST(WatchRules, HoldOnTheFuzzersCorpus) {
  size_t files = 0;
  const std::string corpus = std::string(SALLYPORT_SOURCE_DIR) + "/tests/fuzz/corpus/kube_watch";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    SCOPED_TRACE(entry.path());
    check_watch(text);
    ++files;
  }
  EXPECT_GE(files, 7u);
}

}  // namespace
}  // namespace sallyport::kube
