// Tests of the checks: each finds what it is for, and nothing else.
#include "tests/sim/http_expectations.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace sallyport::sim {
namespace {

/// One request, whose response is that of the attempt which the first backend read.
class HttpExpectations : public testing::Test {
 protected:
  HttpExpectations() {
    HttpRequest& r = ledger_.requests.emplace_back();
    r.id = 1;
    r.attempt = 1;
    HttpAttempt& answered = attempt({20, 20});
    answered.begun = true;
  }
  HttpAttempt& attempt(Writes sent) {
    HttpAttempt& a = ledger_.attempts.emplace_back();
    a.number = ledger_.attempts.size();
    a.request = 1;
    a.connection = a.number;
    a.status = 200;
    a.sent = sent;
    return a;
  }

  HttpLedger ledger_;
};

TEST_F(HttpExpectations, AnAttemptThatIsReadLateWasNotSentLate) {
  attempt({10, 10});
  expect_honest_responses(ledger_);
}

TEST_F(HttpExpectations, OfWhatCameWithOlderBytesNobodyKnows) {
  attempt({10, 30});
  expect_honest_responses(ledger_);
}

TEST_F(HttpExpectations, WhatIsSentBehindTheAnsweredAttemptIsFound) {
  attempt({30, 30});
  EXPECT_NONFATAL_FAILURE(expect_honest_responses(ledger_),
                          "sent again after a response had begun");
}

// A backend that had said its end still shows what was sent to it.
TEST_F(HttpExpectations, AlsoToABackendThatAnswersNothingMore) {
  attempt({30, 30}).status = 0;
  EXPECT_NONFATAL_FAILURE(expect_honest_responses(ledger_),
                          "sent again after a response had begun");
}

}  // namespace
}  // namespace sallyport::sim
