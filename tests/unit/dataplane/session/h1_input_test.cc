#include "dataplane/session/h1_input.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "dataplane/io/loop.h"

namespace sallyport {
namespace {

class Nobody final : public Task {
  void turn() override {}
};

/// An input on one end of a pair of sockets; the test holds the other.
class H1InputTest : public testing::Test {
 protected:
  H1InputTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peer_ = pair[1];
    stream_.attach(Socket(loop_, nobody_, pair[0]));
  }
  ~H1InputTest() override {
    if (peer_ >= 0) ::close(peer_);
  }

  void send(std::string_view text) {
    ASSERT_EQ(::write(peer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    stream_.socket().expect_news();
  }
  void end() {
    ::shutdown(peer_, SHUT_WR);
    stream_.socket().expect_news();
  }
  H1Input::Head::Kind read_head(std::string& text, size_t most = 1024) {
    Block head(scratch_->blocks);
    H1Input::Head read = in_.read_head(head, most, Scratch::kChunk);
    text = as_text(head.rest());
    return read.kind;
  }
  /// All that there is of a body, in reads of at most `most`.
  std::string read_body(bool& ended, size_t most = Scratch::kChunk) {
    std::string text;
    for (;;) {
      H1Input::Body body = in_.read_body(most);
      last_ = body.kind;
      ended = body.kind == H1Input::Body::Kind::Data && body.end;
      if (body.kind != H1Input::Body::Kind::Data) return text;
      EXPECT_LE(body.data.size(), most);
      text += as_text(Bytes(body.data));
      if (ended) return text;
    }
  }
  /// What everybody may do between turns.
  void others_use_the_scratch_memory() {
    in_.settle();
    std::fill(std::begin(scratch_->plain), std::end(scratch_->plain), uint8_t{'#'});
    std::fill(std::begin(scratch_->head), std::end(scratch_->head), uint8_t{'#'});
  }

  Loop loop_;
  Nobody nobody_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  int peer_ = -1;
  Stream stream_{*scratch_};
  H1Input in_{stream_, *scratch_, HeadScan::Of::Request};
  H1Input::Body::Kind last_ = H1Input::Body::Kind::Waiting;
};

using Head = H1Input::Head::Kind;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(H1InputTest, PipelinedMessagesComeApartInOrder) {
  std::string post = "POST /b HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\n";
  send(std::string(kGet) + post + "12345" + std::string(kGet));
  std::string text;
  bool ended = false;
  EXPECT_TRUE(in_.untouched());
  ASSERT_EQ(read_head(text), Head::Whole);
  EXPECT_EQ(text, kGet);
  others_use_the_scratch_memory();
  EXPECT_FALSE(in_.untouched());
  in_.begin_body(BodyKind::None, 0, 1024);
  EXPECT_EQ(read_body(ended), "");
  EXPECT_TRUE(ended);
  ASSERT_EQ(read_head(text), Head::Whole);
  EXPECT_EQ(text, post);
  in_.begin_body(BodyKind::Length, 5, 1024);
  EXPECT_EQ(read_body(ended), "12345");
  EXPECT_TRUE(ended);
  others_use_the_scratch_memory();
  ASSERT_EQ(read_head(text), Head::Whole);
  EXPECT_EQ(text, kGet);
  EXPECT_TRUE(in_.untouched());
  EXPECT_EQ(read_head(text), Head::Waiting);
  end();
  EXPECT_EQ(read_head(text), Head::Ended);
}

TEST_F(H1InputTest, AHeadMayComeAByteAtATimeWhileOthersWork) {
  std::string text;
  in_.skip_empty_line();
  std::string whole = "\r\n" + std::string(kGet);
  for (size_t i = 0; i + 1 < whole.size(); ++i) {
    send(whole.substr(i, 1));
    ASSERT_EQ(read_head(text), Head::Waiting) << i;
    others_use_the_scratch_memory();
  }
  EXPECT_FALSE(in_.untouched());
  send("\n");
  ASSERT_EQ(read_head(text), Head::Whole);
  EXPECT_EQ(text, kGet);
}

TEST_F(H1InputTest, OneEmptyLineIsPassedOverAndASecondOneIsNot) {
  std::string text;
  in_.skip_empty_line();
  send("\r\n" + std::string(kGet) + "\r\n\r\n" + std::string(kGet));
  ASSERT_EQ(read_head(text), Head::Whole);
  EXPECT_EQ(text, kGet);
  in_.skip_empty_line();
  EXPECT_EQ(read_head(text), Head::Refused);
}

TEST_F(H1InputTest, AHeadOverItsSizeIsRefused) {
  std::string text;
  send("GET /" + std::string(100, 'a'));
  EXPECT_EQ(read_head(text, 64), Head::Refused);
}

TEST_F(H1InputTest, AChunkedBodyIsTheSameInAnySegments) {
  std::string wire = "5;x=y\r\nhello\r\n1\r\n \r\n00006\r\nworld!\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (size_t piece = 1; piece <= wire.size(); ++piece) {
    in_.begin_body(BodyKind::Chunked, 0, 1024);
    std::string got;
    bool ended = false;
    for (size_t at = 0; at < wire.size(); at += piece) {
      EXPECT_FALSE(ended);
      send(wire.substr(at, piece));
      got += read_body(ended);
      others_use_the_scratch_memory();
    }
    EXPECT_TRUE(ended) << piece;
    EXPECT_EQ(got, "hello world!") << piece;
    ASSERT_EQ(in_.trailers().size(), 1u);
    EXPECT_TRUE(in_.untouched());
  }
}

TEST_F(H1InputTest, AnEndWithinABodyIsNotItsEnd) {
  struct Row {
    BodyKind kind;
    uint64_t length;
    bool whole;
  };
  for (const Row& row : {Row{BodyKind::UntilClose, 0, true}, Row{BodyKind::Length, 4, false},
                         Row{BodyKind::Chunked, 0, false}}) {
    in_.begin_body(row.kind, row.length, 1024);
    send(row.kind == BodyKind::Chunked ? "3\r\nabc\r\n" : "abc");
    bool ended = false;
    EXPECT_EQ(read_body(ended), "abc");
    EXPECT_FALSE(ended);
  }
  in_.begin_body(BodyKind::Length, 4, 1024);
  end();
  bool ended = true;
  EXPECT_EQ(read_body(ended), "");
  EXPECT_FALSE(ended);
  EXPECT_EQ(last_, H1Input::Body::Kind::Truncated);
  in_.begin_body(BodyKind::UntilClose, 0, 1024);
  EXPECT_EQ(read_body(ended), "");
  EXPECT_TRUE(ended);
}

TEST_F(H1InputTest, SmallReadsOfWhatWasKeptKeepTheOrder) {
  std::string body(40'000, 'x');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  send(std::string(kGet) + body);
  std::string text;
  ASSERT_EQ(read_head(text), Head::Whole);
  others_use_the_scratch_memory();
  in_.begin_body(BodyKind::Length, body.size(), 1024);
  bool ended = false;
  EXPECT_EQ(read_body(ended, 1000), body);
  EXPECT_TRUE(ended);
}

TEST_F(H1InputTest, LookingAheadKeepsSoMuchAndNoticesTheEnd) {
  std::string text;
  send(kGet);
  ASSERT_EQ(read_head(text), Head::Whole);
  send("the next");
  EXPECT_EQ(in_.look_ahead(100), Flow::Blocked);
  send(" one");
  EXPECT_EQ(in_.look_ahead(8), Flow::Ok);  // no more than that
  EXPECT_EQ(in_.look_ahead(100), Flow::Blocked);
  end();
  EXPECT_EQ(in_.look_ahead(100), Flow::End);
  Block rest(scratch_->blocks);
  in_.take_rest(rest);
  EXPECT_EQ(as_text(rest.rest()), "the next one");
  EXPECT_TRUE(in_.untouched());
}

TEST_F(H1InputTest, TheRestIsWhatComesBehindTheHead) {
  std::string text;
  send("GET /a HTTP/1.1\r\n");
  ASSERT_EQ(read_head(text), Head::Waiting);
  send("\r\nraw bytes");
  ASSERT_EQ(read_head(text), Head::Whole);
  Block rest(scratch_->blocks);
  in_.take_rest(rest);
  EXPECT_EQ(as_text(rest.rest()), "raw bytes");
}

}  // namespace
}  // namespace sallyport
