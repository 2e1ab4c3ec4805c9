#include "bench/common/http_message.h"

#include <gtest/gtest.h>

namespace sallyport::bench {
namespace {

using State = HttpMessage::State;
using Kind = HttpMessage::Kind;

struct Case {
  const char* what;
  Kind kind;
  std::string bytes;
  State state;
  size_t left_over;     // bytes that belong to the next message
  uint64_t body_bytes;
  bool last;
};

const Case kCases[] = {
    {"a length", Kind::Response, "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhelloHTTP",
     State::Done, 4, 5, false},
    {"no body", Kind::Response, "HTTP/1.1 204 No Content\r\n\r\n", State::Done, 0, 0, false},
    {"an interim response first", Kind::Response,
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
     State::Done, 0, 1, false},
    {"chunks with extension and trailer", Kind::Response,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n"
     "Sum: 1\r\n\r\nZ",
     State::Done, 1, 13, false},
    {"the end of the stream", Kind::Response, "HTTP/1.1 200 OK\r\n\r\nabc", State::Body, 0, 3,
     true},
    {"a closing server", Kind::Response,
     "HTTP/1.1 200 OK\r\nConnection: Upgrade, Close\r\nContent-Length: 0\r\n\r\n",
     State::Done, 0, 0, true},
    {"an upload", Kind::Request, "POST /a?b HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET",
     State::Done, 3, 2, false},
    {"a request without body", Kind::Request, "GET /1k HTTP/1.1\r\nHost: a\r\n\r\n",
     State::Done, 0, 0, false},
    {"half a head", Kind::Request, "GET /1k HTTP/1.1\r\nHost: a\r\n\r", State::Head, 0, 0, false},
    {"a bad chunk size", Kind::Response,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n", State::Bad, 0, 0, false},
    {"a bad length", Kind::Response, "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
     State::Bad, 0, 0, false},
    {"not HTTP", Kind::Response, "SSH-2.0\r\n\r\n", State::Bad, 0, 0, false},
};

TEST(HttpMessage, EndsWhereTheMessageEnds) {
  for (const Case& row : kCases) {
    HttpMessage message(row.kind);
    const size_t used = message.feed(as_bytes(row.bytes));
    EXPECT_EQ(message.state(), row.state) << row.what;
    EXPECT_EQ(row.bytes.size() - used, row.left_over) << row.what;
    EXPECT_EQ(message.body_bytes(), row.body_bytes) << row.what;
    if (row.state == State::Bad) continue;
    EXPECT_EQ(message.last_of_connection(), row.last) << row.what;
  }
}

TEST(HttpMessage, EndsThereByteByByteToo) {
  for (const Case& row : kCases) {
    HttpMessage message(row.kind);
    size_t used = 0;
    while (used < row.bytes.size() && message.state() != State::Done &&
           message.state() != State::Bad) {
      ASSERT_EQ(message.feed(as_bytes(row.bytes).subspan(used, 1)), 1u) << row.what;
      ++used;
    }
    EXPECT_EQ(message.state(), row.state) << row.what;
    EXPECT_EQ(row.bytes.size() - used, row.left_over) << row.what;
    EXPECT_EQ(message.body_bytes(), row.body_bytes) << row.what;
  }
}

TEST(HttpMessage, TellsWhatWasAsked) {
  HttpMessage message(Kind::Request);
  message.feed(as_bytes("PUT /1m?x=1 HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(message.method(), "PUT");
  EXPECT_EQ(message.path(), "/1m?x=1");
  EXPECT_TRUE(message.last_of_connection());
}

TEST(HttpMessage, OnlyABodyWithoutLengthEndsWithTheStream) {
  HttpMessage open(Kind::Response);
  open.feed(as_bytes("HTTP/1.1 200 OK\r\n\r\nabc"));
  open.end_of_stream();
  EXPECT_EQ(open.state(), State::Done);

  HttpMessage cut(Kind::Response);
  cut.feed(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"));
  cut.end_of_stream();
  EXPECT_EQ(cut.state(), State::Body);
}

TEST(HttpMessage, AResponseToHeadHasNoBody) {
  HttpMessage message(Kind::Response);
  message.reset(true);
  message.feed(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(message.state(), State::Done);
}

}  // namespace
}  // namespace sallyport::bench
