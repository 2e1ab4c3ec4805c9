#include "bench/load/exchange.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bench/common/pattern.h"

namespace sallyport::bench {
namespace {

using Step = Exchange::Step;

// Everything that the exchange wants to send now.
std::vector<uint8_t> sent_by(Exchange& exchange) {
  std::vector<uint8_t> all;
  for (Bytes bytes = exchange.to_send(); !bytes.empty(); bytes = exchange.to_send()) {
    all.insert(all.end(), bytes.begin(), bytes.end());
    exchange.sent(bytes.size());
  }
  return all;
}

Options options_for(ExchangeKind kind) {
  Options options;
  options.kind = kind;
  options.target_text = "127.0.0.1:80";
  options.method = "GET";
  return options;
}

TEST(EchoExchange, IsDoneWhenAllIsBack) {
  Options options = options_for(ExchangeKind::Echo);
  options.size = 200'000;
  const auto exchange = make_exchange(options, Host());
  for (int round = 0; round < 2; ++round) {
    exchange->begin();
    const std::vector<uint8_t> bytes = sent_by(*exchange);
    ASSERT_EQ(bytes.size(), options.size);
    EXPECT_EQ(exchange->received(Bytes(bytes).first(70'000)), Step::More);
    EXPECT_EQ(exchange->received(Bytes(bytes).subspan(70'000)), Step::Done);
    EXPECT_TRUE(exchange->reusable());
  }
}

TEST(EchoExchange, NoticesOtherBytesAndMoreAndFewer) {
  const auto exchange = make_exchange(options_for(ExchangeKind::Echo), Host());
  exchange->begin();
  const std::vector<uint8_t> first = sent_by(*exchange);
  std::vector<uint8_t> wrong = first;
  wrong[1000] ^= 1;
  EXPECT_EQ(exchange->received(wrong), Step::Failed);
  EXPECT_EQ(exchange->failure()->kind, FailureKind::Mismatch);

  exchange->begin();
  std::vector<uint8_t> more = sent_by(*exchange);
  EXPECT_NE(more, first) << "an answer to the exchange before would go unnoticed";
  more.push_back(0);
  EXPECT_EQ(exchange->received(more), Step::Failed);

  exchange->begin();
  EXPECT_EQ(exchange->end_received(), Step::Failed);
  EXPECT_EQ(exchange->failure()->kind, FailureKind::EndedEarly);
}

TEST(RequestExchange, AsksTheHostByName) {
  Options options = options_for(ExchangeKind::Request);
  options.path = "/1k";
  options.headers = {"X-A: b"};
  Host host;
  host.name = "a.test";
  const auto exchange = make_exchange(options, host);
  exchange->begin();
  EXPECT_EQ(as_text(sent_by(*exchange)), "GET /1k HTTP/1.1\r\nHost: a.test\r\nX-A: b\r\n\r\n");
}

TEST(RequestExchange, JudgesTheResponse) {
  const struct {
    const char* what;
    int expected_status;
    const char* response;
    Step step;
    bool good, reusable;
  } table[] = {
      {"good", 0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Step::Done, true, true},
      {"closing", 0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
       Step::Done, true, false},
      {"unavailable", 0, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Step::Done, false, true},
      {"expected", 503, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Step::Done, true, true},
      {"not expected", 204, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Step::Done, false,
       true},
      {"unfinished", 0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", Step::More, true, true},
      {"too much", 0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", Step::Failed, false, false},
  };
  for (const auto& row : table) {
    Options options = options_for(ExchangeKind::Request);
    options.expected_status = row.expected_status;
    const auto exchange = make_exchange(options, Host());
    exchange->begin();
    sent_by(*exchange);
    EXPECT_EQ(exchange->received(as_bytes(row.response)), row.step) << row.what;
    EXPECT_EQ(!exchange->failure(), row.good) << row.what;
    if (row.step != Step::Done) continue;
    EXPECT_EQ(exchange->reusable(), row.reusable) << row.what;
  }
}

TEST(DuplexExchange, EndsWhenBothHaveEnded) {
  Options options = options_for(ExchangeKind::Duplex);
  options.size = 10;
  options.receive = 20;
  for (const bool last : {false, true}) {
    options.end_last = last;
    const auto exchange = make_exchange(options, Host());
    exchange->begin();
    sent_by(*exchange);
    EXPECT_EQ(exchange->wants_end(), !last);
    EXPECT_EQ(exchange->received(pattern_at(0, 20)), Step::More);
    if (!last) {
      EXPECT_EQ(exchange->end_sent(), Step::More);
    }
    EXPECT_EQ(exchange->end_received(), last ? Step::More : Step::Done);
    EXPECT_EQ(exchange->wants_end(), last);
    if (last) {
      EXPECT_EQ(exchange->end_sent(), Step::Done);
    }
  }
}

TEST(DuplexExchange, NoticesAnEarlyEnd) {
  Options options = options_for(ExchangeKind::Duplex);
  options.receive = 20;
  const auto exchange = make_exchange(options, Host());
  exchange->begin();
  EXPECT_EQ(exchange->received(pattern_at(0, 19)), Step::More);
  EXPECT_EQ(exchange->end_received(), Step::Failed);
  EXPECT_EQ(exchange->failure()->kind, FailureKind::EndedEarly);
}

TEST(Pattern, IsTheSameStreamHoweverItIsCut) {
  std::vector<uint8_t> whole;
  while (whole.size() < 300'000) {
    const Bytes view = pattern_at(whole.size(), 300'000 - whole.size());
    whole.insert(whole.end(), view.begin(), view.end());
  }
  EXPECT_TRUE(matches_pattern(0, whole));
  EXPECT_TRUE(matches_pattern(70'001, Bytes(whole).subspan(70'001)));
  EXPECT_FALSE(matches_pattern(70'002, Bytes(whole).subspan(70'001)));
  whole[299'999] ^= 0x80;
  EXPECT_FALSE(matches_pattern(0, whole));
}

}  // namespace
}  // namespace sallyport::bench
