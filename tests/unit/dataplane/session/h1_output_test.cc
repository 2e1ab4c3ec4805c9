#include "dataplane/session/h1_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "dataplane/io/loop.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {
namespace {

class Nobody final : public Task {
  void turn() override {}
};

/// An output on one end of a pair of sockets that keeps calls apart; the test reads the other.
class H1OutputTest : public testing::Test {
 protected:
  H1OutputTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    peer_ = pair[1];
    stream_.attach(Socket(loop_, nobody_, pair[0]));
  }
  ~H1OutputTest() override { ::close(peer_); }

  /// What one system call has sent; empty: nothing.
  std::string received() {
    std::string room(200 * 1024, '\0');
    ssize_t n = ::read(peer_, room.data(), room.size());
    room.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return room;
  }
  void put_head(std::string_view text, BodyKind body, bool last = false) {
    H1Writer writer = out_.head_writer();
    writer.put(text);
    out_.put_head(writer.written(), body, last);
  }
  MutableBytes piece(std::string_view text, size_t at = 0) {
    std::memcpy(scratch_->plain + at, text.data(), text.size());
    return {scratch_->plain + at, text.size()};
  }

  Loop loop_;
  Nobody nobody_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  int peer_ = -1;
  Stream stream_{*scratch_};
  H1Output out_{stream_, *scratch_};
};

TEST_F(H1OutputTest, AHeadAndTheFirstPieceLeaveInOneCall) {
  put_head("HEAD\r\n\r\n", BodyKind::Length);
  EXPECT_TRUE(out_.has_pending_head());
  EXPECT_EQ(received(), "");
  EXPECT_EQ(out_.send_body(piece("body"), false), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\nbody");
  EXPECT_FALSE(out_.has_pending_head());
  EXPECT_EQ(out_.send_body(piece("more"), true), Step::Done);
  EXPECT_EQ(received(), "more");
  EXPECT_EQ(received(), "");
}

TEST_F(H1OutputTest, AHeadAloneLeavesWithTheFlush) {
  for (BodyKind kind : {BodyKind::None, BodyKind::Length, BodyKind::Chunked}) {
    put_head("HEAD\r\n\r\n", kind);
    EXPECT_EQ(out_.flush(), Step::Done);
    EXPECT_EQ(received(), "HEAD\r\n\r\n");
  }
}

TEST_F(H1OutputTest, AMessageWithoutBodyEndsWithItsHead) {
  put_head("HEAD\r\n\r\n", BodyKind::None);
  EXPECT_EQ(out_.send_body({}, true), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n");
}

TEST_F(H1OutputTest, ChunksAreFramedInPlace) {
  put_head("HEAD\r\n\r\n", BodyKind::Chunked);
  EXPECT_EQ(out_.send_body(piece("sixteen bytes .."), false), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n10\r\nsixteen bytes ..\r\n");
  EXPECT_EQ(out_.send_body(piece("abc", 100), true), Step::Done);
  EXPECT_EQ(received(), "3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(H1OutputTest, TheEndOfChunksMayComeAlone) {
  put_head("HEAD\r\n\r\n", BodyKind::Chunked);
  EXPECT_EQ(out_.send_body({}, true), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n0\r\n\r\n");
  put_head("HEAD\r\n\r\n", BodyKind::Chunked);
  EXPECT_EQ(out_.flush(), Step::Done);
  EXPECT_EQ(out_.send_body({}, true), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n");
  EXPECT_EQ(received(), "0\r\n\r\n");
}

TEST_F(H1OutputTest, TrailersFollowTheLastChunkAndNothingElse) {
  FieldList trailers;
  trailers.add({"X-Sum", "1", FieldName::Other});
  put_head("HEAD\r\n\r\n", BodyKind::Chunked);
  EXPECT_EQ(out_.send_body(piece("abc"), true, &trailers), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n3\r\nabc\r\n");
  EXPECT_EQ(received(), "0\r\nX-Sum: 1\r\n\r\n");
  put_head("HEAD\r\n\r\n", BodyKind::Length);
  EXPECT_EQ(out_.send_body(piece("abc"), true, &trailers), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\nabc");
  FieldList none;
  put_head("HEAD\r\n\r\n", BodyKind::Chunked);
  EXPECT_EQ(out_.send_body({}, true, &none), Step::Done);
  EXPECT_EQ(received(), "HEAD\r\n\r\n0\r\n\r\n");
}

TEST_F(H1OutputTest, TheLargestPieceFitsWithItsHeadAndFraming) {
  std::string head(20'000, 'h');
  std::string body(Scratch::kChunk, 'b');
  put_head(head, BodyKind::Chunked);
  out_.send_body(piece(body), true);
  std::string all = received();
  EXPECT_TRUE(all.starts_with(head + "c000\r\nbbb"));
  EXPECT_TRUE(all.ends_with("bbb\r\n0\r\n\r\n"));
  EXPECT_EQ(all.size(), head.size() + 6 + body.size() + 7);
}

TEST_F(H1OutputTest, HeadsAreCountedByMessage) {
  put_head("12345678", BodyKind::Length);
  out_.send_body(piece("body"), true);
  EXPECT_EQ(out_.head_bytes(), 8u);
  put_head("1234", BodyKind::Length);  // behind an interim one
  out_.flush();
  EXPECT_EQ(out_.head_bytes(), 12u);
  out_.begin_message();
  EXPECT_EQ(out_.head_bytes(), 0u);
}

/// The same on TCP, whose kernel does hold back.
class FillingOutputTest : public H1OutputTest {
 protected:
  FillingOutputTest() {
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
    int ours = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(ours, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::fcntl(ours, F_SETFL, O_NONBLOCK), 0);
    far_ = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    ::close(listener);
    tcp_.attach(Socket(loop_, nobody_, ours));
    H1Writer writer = filling_.head_writer();
    filling_.put_head(writer.written(), BodyKind::Length, false);
  }
  ~FillingOutputTest() override { ::close(far_); }

  size_t came() {
    char room[64 * 1024];
    ssize_t n = ::read(far_, room, sizeof room);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  MutableBytes large() { return {scratch_->plain, 20'000}; }

  int far_ = -1;
  Stream tcp_{*scratch_};
  H1Output filling_{tcp_, *scratch_, true};
};

TEST_F(FillingOutputTest, ALargePieceWaitsForTheNextOneOrForAPush) {
  EXPECT_EQ(filling_.send_body(large(), false), Step::Done);
  EXPECT_TRUE(filling_.holds_back());
  filling_.push();
  EXPECT_FALSE(filling_.holds_back());
  EXPECT_EQ(came(), 20'000u);
  EXPECT_EQ(filling_.send_body(large(), false), Step::Done);
  EXPECT_EQ(filling_.send_body({scratch_->plain, 10}, false), Step::Done);
  EXPECT_FALSE(filling_.holds_back()) << "a small piece is none of bulk";
  EXPECT_EQ(came(), 20'010u);
}

TEST_F(FillingOutputTest, TheEndOfABodyHoldsNothingBack) {
  EXPECT_EQ(filling_.send_body(large(), true), Step::Done);
  EXPECT_FALSE(filling_.holds_back());
  EXPECT_EQ(came(), 20'000u);
  EXPECT_EQ(filling_.send_body(large(), false), Step::Done);
  EXPECT_EQ(filling_.send_body({}, true), Step::Done);
  EXPECT_FALSE(filling_.holds_back()) << "an end without bytes";
  EXPECT_EQ(came(), 20'000u);
}

TEST_F(FillingOutputTest, TheEndOfTheLastMessageLeavesWithTheFin) {
  H1Writer writer = filling_.head_writer();
  writer.put("HEAD");
  filling_.put_head(writer.written(), BodyKind::Length, true);
  EXPECT_EQ(filling_.send_body({scratch_->plain, 10}, false), Step::Done);
  EXPECT_EQ(came(), 14u);
  EXPECT_EQ(filling_.send_body({scratch_->plain, 10}, true), Step::Done);
  EXPECT_EQ(came(), 0u);
  EXPECT_EQ(tcp_.end_write(), Step::Done);
  EXPECT_EQ(came(), 10u);
}

}  // namespace
}  // namespace sallyport
