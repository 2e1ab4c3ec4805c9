#include "control/demo/demo_request.h"

#include <gtest/gtest.h>

#include "tests/unit/control/demo/text_stream.h"

namespace sallyport {
namespace {

using Next = DemoRequests::Next;

TEST(DemoRequests, ComeOneAfterTheOtherInAnyPieces) {
  const std::string sent =
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
      "HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n";
  const struct {
    const char* path;
    const char* body;
  } expected[] = {{"/1", ""}, {"/2", "abc"}, {"/3", "def"}, {"/4", ""}};
  for (const size_t piece : {size_t{1}, size_t{7}, std::string::npos}) {
    TextStream stream(sent, piece);
    DemoRequests requests(stream);
    for (const auto& e : expected) {
      ASSERT_EQ(requests.next(), Next::Whole) << e.path;
      EXPECT_EQ(requests.head().path, e.path);
      EXPECT_EQ(requests.body_beginning(), e.body);
      EXPECT_EQ(requests.body_size(), std::string_view(e.body).size());
    }
    EXPECT_EQ(requests.next(), Next::Ended);
  }
}

TEST(DemoRequests, WhoWaitsForItIsAskedForTheBody) {
  TextStream stream(
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx");
  DemoRequests requests(stream);
  EXPECT_EQ(requests.next(), Next::Whole);
  EXPECT_EQ(stream.written(), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(DemoRequests, WhatIsNotWholeIsNoRequest) {
  for (const char* sent : {"", "GET / HTTP/1.1\r\nHost: a\r\n",
                           "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"}) {
    TextStream stream(sent);
    EXPECT_EQ(DemoRequests(stream).next(), Next::Ended) << sent;
  }
}

TEST(DemoRequests, WhatCouldBeReadInTwoWaysIsRefused) {
  const struct {
    std::string sent;
    H1Fault fault;
  } cases[] = {
      {"nonsense\r\n\r\n", H1Fault::NotHttp},
      {"GET / HTTP/1.1\r\n\r\n", H1Fault::NoHost},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       H1Fault::LengthAndTransferEncoding},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
       H1Fault::BadChunkSize},
      {"GET /" + std::string(DemoRequests::kHeadMost, 'x'), H1Fault::HeadTooLarge},
  };
  for (const auto& c : cases) {
    TextStream stream(c.sent);
    DemoRequests requests(stream);
    EXPECT_EQ(requests.next(), Next::Refused) << c.sent.substr(0, 80);
    EXPECT_EQ(requests.fault(), c.fault) << c.sent.substr(0, 80);
  }
}

}  // namespace
}  // namespace sallyport
