// A stream whose TLS is offered to a kernel that does not take it: these sockets are not TCP's.
#include "dataplane/tls/stream.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/tls/kernel_tls.h"
#include "tests/unit/dataplane/tls/two_ends.h"

namespace sallyport {
namespace {

struct Nobody final : Task {
  void turn() override {}
};

/// Ends the loop's run when there is news.
struct Waker final : Task {
  explicit Waker(Loop& loop) : loop_(loop) {}
  void turn() override { loop_.stop(); }
  Loop& loop_;
};

/// Two ends of a connection, for one version of TLS.
class StreamTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    client_.attach(Socket(loop_, nobody_, pair[0]));
    server_.attach(Socket(loop_, nobody_, pair[1]));
    show_self_signed(server_context_.get());
    SslPtr client(SSL_new(client_context_.get())), server(SSL_new(server_context_.get()));
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    client_.start_tls(std::move(client));
    server_.start_tls(std::move(server));
  }

  Step shake(Stream& stream) {
    stream.socket().expect_news();
    return stream.handshake();
  }
  std::string read(Stream& stream) {
    stream.socket().expect_news();
    uint8_t into[64];
    FlowResult r = stream.read(into);
    return r.kind == Flow::Ok ? std::string(as_text({into, r.bytes})) : "";
  }
  /// Who is done first says something at once, so that it lies behind its last flight.
  void shake_hands() {
    Step client = Step::Blocked, server = Step::Blocked;
    for (int i = 0; i < 10 && (client != Step::Done || server != Step::Done); ++i) {
      for (auto [stream, step] : {std::pair{&client_, &client}, {&server_, &server}}) {
        if (*step == Step::Done) continue;
        *step = shake(*stream);
        ASSERT_NE(*step, Step::Failed) << stream->error_text();
        if (*step == Step::Done) {
          ASSERT_EQ(stream->write(as_bytes("at once")).kind, Flow::Ok);
        }
      }
    }
    ASSERT_EQ(client, Step::Done);
    ASSERT_EQ(server, Step::Done);
  }
  bool kernel_could_receive() const {
    return GetParam() == TLS1_2_VERSION || openssl_lets_kernel_receive_1_3();
  }

  Loop loop_;
  Nobody nobody_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  SslCtxPtr client_context_ = context_of(TLS_client_method(), GetParam());
  SslCtxPtr server_context_ = context_of(TLS_server_method(), GetParam());
  Stream client_{*scratch_}, server_{*scratch_};
};

TEST_P(StreamTest, WhereTheKernelDoesNotTakeTlsOpensslDoesIt) {
  client_.offer_kernel_tls(KernelTlsUse::Both);
  server_.offer_kernel_tls(KernelTlsUse::Both);
  shake_hands();
  for (Stream* stream : {&client_, &server_}) {
    EXPECT_TRUE(stream->kernel_tls_offered());
    EXPECT_FALSE(stream->kernel_encrypts());
    EXPECT_FALSE(stream->kernel_decrypts());
    EXPECT_EQ(stream->why_kernel_does_not_encrypt(), KernelTlsFault::Kernel);
    // Not ReadAhead: what was said at once has stayed in the socket.
    EXPECT_EQ(stream->why_kernel_does_not_decrypt(),
              kernel_could_receive() ? KernelTlsFault::Kernel : KernelTlsFault::Version);
    EXPECT_EQ(read(*stream), "at once");
  }
  ASSERT_EQ(server_.end_write(), Step::Done);
  client_.socket().expect_news();
  uint8_t byte;
  EXPECT_EQ(client_.read({&byte, 1}).kind, Flow::End);
}

TEST_P(StreamTest, AServersLastFlightGoesOutWithWhatItSaysNext) {
  for (Step server = Step::Blocked; server == Step::Blocked; server = shake(server_)) {
    ASSERT_NE(shake(client_), Step::Failed) << client_.error_text();
  }
  EXPECT_TRUE(server_.has_unsent());
  EXPECT_TRUE(server_.takes_more());
  char byte;
  EXPECT_EQ(recv(client_.socket().descriptor(), &byte, 1, MSG_PEEK), -1) << "sent by itself";
  EXPECT_EQ(server_.send(as_bytes("at once")), Step::Done);
  EXPECT_FALSE(server_.has_unsent());
  shake(client_);
  while (client_.error_text().empty() && read(client_) != "at once") {
  }
  EXPECT_EQ(client_.error_text(), "");
}

TEST_P(StreamTest, AnErrorThatSomebodyHasLeftIsNotTheStreams) {
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  shake_hands();
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  while (!read(client_).empty()) {
  }
  client_.socket().expect_news();
  uint8_t into[64];
  EXPECT_EQ(client_.read(into).kind, Flow::Blocked) << client_.error_text();
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  EXPECT_EQ(client_.send(as_bytes("on")), Step::Done);
  while (!read(server_).ends_with("on")) ASSERT_EQ(server_.error_text(), "");
}

TEST_P(StreamTest, ReceivingIsTheKernelsOnlyWhenAsked) {
  server_.offer_kernel_tls(KernelTlsUse::Sending);
  shake_hands();
  EXPECT_FALSE(client_.kernel_tls_offered());
  EXPECT_EQ(server_.why_kernel_does_not_encrypt(), KernelTlsFault::Kernel);
  EXPECT_EQ(server_.why_kernel_does_not_decrypt(), KernelTlsFault::NotAsked);
  EXPECT_EQ(read(client_), "at once");
  EXPECT_EQ(read(server_), "at once");
}

TEST_P(StreamTest, ACipherThatTheKernelHasNotIsToldApart) {
  if (GetParam() != TLS1_2_VERSION) GTEST_SKIP() << "all of TLS 1.3 that is offered it has";
  SSL_set_cipher_list(client_.ssl(), "ECDHE-ECDSA-AES128-SHA");
  server_.offer_kernel_tls(KernelTlsUse::Both);
  shake_hands();
  EXPECT_EQ(server_.why_kernel_does_not_encrypt(), KernelTlsFault::Cipher);
  EXPECT_EQ(server_.why_kernel_does_not_decrypt(), KernelTlsFault::Cipher);
  EXPECT_EQ(read(client_), "at once");
}

TEST_P(StreamTest, EitherSideMayChangeItsKeys) {
  if (GetParam() != TLS1_3_VERSION) GTEST_SKIP() << "TLS 1.2 has no KeyUpdate";
  shake_hands();
  EXPECT_EQ(read(server_), "at once");
  EXPECT_EQ(read(client_), "at once");
  for (int round = 0; round < 3; ++round) {
    for (int type : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
      for (auto [one, other] : {std::pair{&client_, &server_}, {&server_, &client_}}) {
        ASSERT_EQ(SSL_key_update(one->ssl(), type), 1);
        ASSERT_EQ(one->handshake(), Step::Done);  // sends it
        ASSERT_EQ(one->write(as_bytes("with new keys")).kind, Flow::Ok) << one->error_text();
        EXPECT_EQ(read(*other), "with new keys") << other->error_text();
        ASSERT_EQ(other->write(as_bytes("and back")).kind, Flow::Ok) << other->error_text();
        EXPECT_EQ(SSL_get_key_update_type(other->ssl()), SSL_KEY_UPDATE_NONE);  // answered
        EXPECT_EQ(read(*one), "and back") << one->error_text();
      }
    }
  }
}

// RFC 8446 section 5.5.
TEST_P(StreamTest, KeysThatAreWornAreChanged) {
  scratch_->sealing_contexts.records_most = 4;
  int updates = 0;
  auto count = [](int write, int, int type, const void* message, size_t, SSL*, void* of) {
    bool update = type == SSL3_RT_HANDSHAKE && *static_cast<const uint8_t*>(message) == 24;
    if (!write && update) ++*static_cast<int*>(of);
  };
  SSL_set_msg_callback(client_.ssl(), count);
  SSL_set_msg_callback_arg(client_.ssl(), &updates);
  shake_hands();
  EXPECT_EQ(read(client_), "at once");
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(server_.write(as_bytes("again")).kind, Flow::Ok) << server_.error_text();
    EXPECT_EQ(read(client_), "again") << client_.error_text();
  }
  // Once with OpenSSL 3.0, which encrypts by itself from there on; with 3.5 twice.
  EXPECT_EQ(updates > 0, GetParam() == TLS1_3_VERSION) << updates;
  EXPECT_LE(updates, 2);
}

TEST_P(StreamTest, WhatWaitsIsSentInOrder) {
  shake_hands();
  EXPECT_EQ(read(server_), "at once");
  EXPECT_EQ(read(client_), "at once");
  std::string sent, got;
  std::string piece(50'000, ' ');
  for (int i = 0; i < 100 && !server_.has_unsent(); ++i) {
    std::ranges::fill(piece, static_cast<char>('a' + i % 26));
    ASSERT_NE(server_.send(as_bytes(piece)), Step::Failed);
    sent += piece;
  }
  ASSERT_TRUE(server_.has_unsent());
  ASSERT_EQ(server_.send(as_bytes("the last")), Step::Blocked);
  sent += "the last";
  Waker waker(loop_);
  server_.socket().set_owner(waker);
  std::vector<uint8_t> into(Scratch::kChunk);
  while (got.size() < sent.size()) {
    client_.socket().expect_news();
    FlowResult r = client_.read(into);
    if (r.kind == Flow::Ok) {
      got += as_text({into.data(), r.bytes});
    } else {
      ASSERT_EQ(r.kind, Flow::Blocked) << client_.error_text();
      ASSERT_TRUE(server_.has_unsent());
      loop_.run();
      ASSERT_NE(server_.flush(), Step::Failed);
    }
  }
  ASSERT_EQ(got.size(), sent.size());
  EXPECT_EQ(std::ranges::mismatch(got, sent).in1 - got.begin(), sent.end() - sent.begin());
}

INSTANTIATE_TEST_SUITE_P(, StreamTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace sallyport
