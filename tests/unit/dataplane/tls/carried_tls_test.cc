// A server whose TLS goes on without OpenSSL after the handshake, and a client of OpenSSL's.
#include "dataplane/tls/carried_tls.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/tls/own_provider.h"
#include "dataplane/tls/stream.h"
#include "tests/unit/dataplane/tls/two_ends.h"

namespace sallyport {
namespace {

std::string hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t b : bytes) {
    text += kDigits[b >> 4];
    text += kDigits[b & 15];
  }
  return text;
}

// RFC 8448 section 3.
constexpr uint8_t kClientSecret[] = {
    0x9e, 0x40, 0x64, 0x6c, 0xe7, 0x9a, 0x7f, 0x9d, 0xc0, 0x5a, 0xf8, 0x88, 0x9b, 0xce, 0x65, 0x52,
    0x87, 0x5a, 0xfa, 0x0b, 0x06, 0xdf, 0x00, 0x87, 0xf7, 0x92, 0xeb, 0xb7, 0xc1, 0x75, 0x04, 0xa5};

TEST(TrafficSecret, MakesTheKeysOfRfc8448) {
  TrafficSecret secret;
  ASSERT_TRUE(secret.take(kClientSecret));
  uint8_t key[16], iv[12];
  ASSERT_TRUE(secret.expand("key", key));
  ASSERT_TRUE(secret.expand("iv", iv));
  EXPECT_EQ(hex(key), "17422dda596ed5d9acd890e3c63f5051");
  EXPECT_EQ(hex(iv), "5b78923dee08579033e523d9");
}

TEST(TrafficSecret, IsOfADigestOfTls13) {
  TrafficSecret secret;
  const uint8_t bytes[64] = {};
  for (size_t size = 0; size <= sizeof bytes; ++size) {
    EXPECT_EQ(secret.take({bytes, size}), size == 32 || size == 48) << size;
    EXPECT_EQ(secret.known(), size == 32 || size == 48) << size;
  }
}

TEST(CarriedTls, LooksForWholeRecords) {
  const uint8_t head[] = {23, 3, 3, 0, 2, 1, 2, 3};
  for (size_t size = 0; size < 7; ++size) {
    CarriedTls::Next next = CarriedTls::next({head, size});
    EXPECT_EQ(next.size, 0u);
    EXPECT_EQ(next.lacks, size < 5 ? 5 - size : 7 - size);
    EXPECT_EQ(next.alert, 0);
  }
  EXPECT_EQ(CarriedTls::next(head).size, 7u);
  const uint8_t longest[] = {23, 3, 3, 0x41, 0}, too_long[] = {23, 3, 3, 0x41, 1};
  EXPECT_EQ(CarriedTls::next(longest).lacks, 16640u);
  EXPECT_EQ(CarriedTls::next(too_long).alert, 22);
  for (int other : {20, 21, 22, 24, 0, 255}) {
    auto type = static_cast<uint8_t>(other);
    EXPECT_EQ(CarriedTls::next({&type, 1}).alert, 10);
  }
}

struct Nobody final : Task {
  void turn() override {}
};

/// Two ends of a connection, whose bytes the test passes on.
class CarriedStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    int near[2], far[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, near), 0);
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far), 0);
    client_.attach(Socket(loop_, nobody_, near[0]));
    server_.attach(Socket(loop_, nobody_, far[0]));
    to_client_ = near[1];
    to_server_ = far[1];
  }
  void TearDown() override {
    ::close(to_client_);
    ::close(to_server_);
  }

  void connect(int version = TLS1_3_VERSION, const char* cipher = nullptr,
               bool own_schedule = true) {
    SslCtxPtr client_context = context_of(TLS_client_method(), version);
    SslCtxPtr server_context =
        context_of(TLS_server_method(), version, own_schedule ? own_provider_query() : nullptr);
    if (cipher) SSL_CTX_set_ciphersuites(client_context.get(), cipher);
    show_self_signed(server_context.get());
    if (client_shows_) {
      show_self_signed(client_context.get());
      SSL_CTX_set_verify(server_context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         [](int, X509_STORE_CTX*) { return 1; });
    }
    SslPtr client(SSL_new(client_context.get())), server(SSL_new(server_context.get()));
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    client_.start_tls(std::move(client));
    server_.start_tls(std::move(server));
    Step one = Step::Blocked, other = Step::Blocked;
    for (int i = 0; i < 10 && (one != Step::Done || other != Step::Done); ++i) {
      if (one != Step::Done) {
        one = shake(client_);
        // Behind the last flight, so that the server has it when its handshake is done.
        if (one == Step::Done) {
          ASSERT_EQ(client_.write(as_bytes("at once")).kind, Flow::Ok);
        }
      }
      pass(client_out());
      if (other != Step::Done) other = shake(server_);
      EXPECT_NE(server_.flush(), Step::Failed);
      pass(server_out());
    }
    ASSERT_EQ(one, Step::Done) << client_.error_text();
    ASSERT_EQ(other, Step::Done) << server_.error_text();
  }
  void carry() {
    connect();
    ASSERT_TRUE(server_.let_openssl_go());
    ASSERT_EQ(server_.ssl(), nullptr);
    ASSERT_FALSE(server_.plain());
    ASSERT_EQ(read(server_), "at once");
  }

  Step shake(Stream& stream) {
    stream.socket().expect_news();
    return stream.handshake();
  }
  struct Way {
    int from, to;
  };
  Way client_out() const { return {to_client_, to_server_}; }
  Way server_out() const { return {to_server_, to_client_}; }
  std::string taken(Way way) {
    std::string all(1 << 20, 0);
    ssize_t n = ::read(way.from, all.data(), all.size());
    all.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return all;
  }
  void give(Way way, std::string_view bytes) {
    ASSERT_EQ(::write(way.to, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void pass(Way way) { give(way, taken(way)); }
  FlowResult read(Stream& stream, MutableBytes into) {
    stream.socket().expect_news();
    return stream.read(into);
  }
  /// All there is.
  std::string read(Stream& stream, size_t piece = 64) {
    std::string text;
    std::vector<uint8_t> into(piece);
    for (;;) {
      FlowResult r = read(stream, into);
      if (r.kind != Flow::Ok) return text;
      text += as_text({into.data(), r.bytes});
    }
  }
  Flow kind(Stream& stream) {
    uint8_t into[64];
    return read(stream, into).kind;
  }
  void say(Stream& stream, std::string_view text) {
    ASSERT_EQ(stream.write(as_bytes(text)).kind, Flow::Ok) << stream.error_text();
  }
  void expect_conversation() {
    say(client_, "a question");
    pass(client_out());
    EXPECT_EQ(read(server_), "a question") << server_.error_text();
    say(server_, "an answer");
    pass(server_out());
    EXPECT_EQ(read(client_), "an answer") << client_.error_text();
  }
  void change_keys_of_client(int type) {
    ASSERT_EQ(SSL_key_update(client_.ssl(), type), 1);
    ASSERT_EQ(client_.handshake(), Step::Done);  // sends it
  }
  /// What the client sends is changed on its way: the server ends the connection, and the client is
  /// told why, in words that end so: which versions have that alert, OpenSSL's differ in.
  void expect_refusal(std::string_view from_client, const char* told) {
    give(client_out(), from_client);
    EXPECT_EQ(kind(server_), Flow::Failed);
    EXPECT_NE(server_.error_text(), "");
    EXPECT_EQ(server_.write(as_bytes("on")).kind, Flow::Failed);
    pass(server_out());
    EXPECT_EQ(kind(client_), Flow::Failed);
    EXPECT_TRUE(client_.error_text().ends_with(told)) << client_.error_text();
  }

  Loop loop_;
  Nobody nobody_;
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  bool client_shows_ = false;
  Stream client_{*scratch_}, server_{*scratch_};
  int to_client_ = -1, to_server_ = -1;
};

TEST_F(CarriedStreamTest, TalksWithoutOpenssl) {
  carry();
  expect_conversation();
  expect_conversation();
}

TEST_F(CarriedStreamTest, TinyRecordsDoNotHoldAWorker) {
  carry();
  constexpr size_t kRecords = 9000, kWire = 5 + 1 + 1 + 16;
  std::string wire;
  for (size_t i = 0; i < kRecords; ++i) {
    say(client_, "x");
    if (i % 100 == 99) wire += taken(client_out());
  }
  ASSERT_EQ(wire.size(), kRecords * kWire);
  give(client_out(), wire);
  std::vector<uint8_t> room(Scratch::kChunk);
  FlowResult first = read(server_, room);
  ASSERT_EQ(first.kind, Flow::Ok);
  EXPECT_LT(first.bytes, kRecords);
  EXPECT_LE(first.bytes * kWire, 3 * sizeof(Scratch::received));
  // The rest has been announced.
  size_t total = first.bytes;
  for (FlowResult r = server_.read(room); r.kind == Flow::Ok; r = server_.read(room)) {
    total += r.bytes;
  }
  EXPECT_EQ(total, kRecords);
}

/// Each cipher of TLS 1.3.
class CarriedCipherTest : public CarriedStreamTest,
                          public testing::WithParamInterface<const char*> {};

TEST_P(CarriedCipherTest, IsCarried) {
  connect(TLS1_3_VERSION, GetParam());
  ASSERT_TRUE(server_.let_openssl_go());
  EXPECT_EQ(read(server_), "at once");
  expect_conversation();
  change_keys_of_client(SSL_KEY_UPDATE_REQUESTED);
  expect_conversation();
}

INSTANTIATE_TEST_SUITE_P(, CarriedCipherTest,
                         testing::Values("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"),
                         [](const auto& cipher) { return std::string(cipher.param); });

TEST_F(CarriedStreamTest, IsCarriedWhereAClientHasShownACertificate) {
  client_shows_ = true;
  connect();
  ASSERT_NE(SSL_get0_peer_certificate(server_.ssl()), nullptr);
  ASSERT_TRUE(server_.let_openssl_go());
  EXPECT_EQ(read(server_), "at once");
  expect_conversation();
}

TEST_F(CarriedStreamTest, StaysOpensslsInTls12) {
  connect(TLS1_2_VERSION);
  EXPECT_FALSE(server_.let_openssl_go());
  EXPECT_NE(server_.ssl(), nullptr);
  EXPECT_EQ(read(server_), "at once");
  expect_conversation();
}

TEST_F(CarriedStreamTest, StaysOpensslsWithoutOurKeySchedule) {
  connect(TLS1_3_VERSION, nullptr, false);
  EXPECT_FALSE(server_.let_openssl_go());
  EXPECT_EQ(read(server_), "at once");
  expect_conversation();
}

TEST_F(CarriedStreamTest, TakesPiecesOfAnySize) {
  carry();
  std::string all;
  for (size_t size : {1, 2, 100, 16383, 16384, 16385, 40000}) {
    std::string text(size, static_cast<char>('a' + size % 26));
    all += text;
    say(client_, text);
  }
  std::string wire = taken(client_out());
  for (size_t piece : {1, 4, 5, 6, 21, 1000, 16406, 40000, 1 << 20}) {
    for (size_t into : {1, 60, 16384, 65536}) {
      if (piece < 1000 && into < 16384) continue;
      SCOPED_TRACE(testing::Message() << piece << " into " << into);
      std::string got;
      for (size_t at = 0; at < wire.size(); at += piece) {
        give(client_out(), std::string_view(wire).substr(at, piece));
        got += read(server_, into);
        ASSERT_EQ(server_.error_text(), "");
      }
      ASSERT_EQ(got.size(), all.size());
      ASSERT_TRUE(got == all);
      EXPECT_FALSE(server_.has_received());
      all.clear();
      for (size_t size : {70000, 3, 17000}) {
        std::string text(size, static_cast<char>('a' + (piece + into + size) % 26));
        all += text;
        for (size_t done = 0; done < size; done += Scratch::kChunk) {
          say(client_, std::string_view(text).substr(done, Scratch::kChunk));
        }
      }
      wire = taken(client_out());
    }
  }
}

TEST_F(CarriedStreamTest, KnowsWhatWaitsWithoutAnEdge) {
  carry();
  say(client_, "first");
  say(client_, "second");
  std::string wire = taken(client_out());
  give(client_out(), std::string_view(wire).substr(0, wire.size() - 1));
  uint8_t into[3];
  EXPECT_EQ(read(server_, into).bytes, 3u);
  EXPECT_TRUE(server_.has_received());
  EXPECT_EQ(read(server_, into).bytes, 2u);
  EXPECT_FALSE(server_.has_received());  // the next has come in part only
  EXPECT_EQ(kind(server_), Flow::Blocked);
  give(client_out(), std::string_view(wire).substr(wire.size() - 1));
  EXPECT_EQ(read(server_), "second");
}

TEST_F(CarriedStreamTest, EitherKeysMayChange) {
  carry();
  for (int round = 0; round < 40; ++round) {
    for (int type : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
      change_keys_of_client(type);
      expect_conversation();
    }
  }
}

TEST_F(CarriedStreamTest, RequestsForNewKeysHaveOneAnswerBeforeTheNextData) {
  carry();
  for (int i = 0; i < 20; ++i) change_keys_of_client(SSL_KEY_UPDATE_REQUESTED);
  pass(client_out());
  EXPECT_EQ(kind(server_), Flow::Blocked) << server_.error_text();
  EXPECT_EQ(taken(server_out()), "");
  say(server_, "x");
  std::string wire = taken(server_out());
  EXPECT_EQ(wire.size(), 2 * RecordSealer::kOverhead + sizeof CarriedTls::kKeyUpdateMessage + 1);
  give(server_out(), wire);
  EXPECT_EQ(read(client_), "x") << client_.error_text();
  expect_conversation();
}

TEST_F(CarriedStreamTest, WhoHasSaidGoodbyeSaysNothingMore) {
  carry();
  ASSERT_EQ(server_.end_write(), Step::Done);
  pass(server_out());
  EXPECT_EQ(kind(client_), Flow::End);
  change_keys_of_client(SSL_KEY_UPDATE_REQUESTED);
  pass(client_out());
  EXPECT_EQ(kind(server_), Flow::Blocked) << server_.error_text();
  say(client_, "the rest of an upload");
  pass(client_out());
  EXPECT_EQ(read(server_), "the rest of an upload") << server_.error_text();
  say(client_, "more");
  std::string wire = taken(client_out());
  wire.back() = static_cast<char>(wire.back() ^ 1);
  give(client_out(), wire);
  EXPECT_EQ(kind(server_), Flow::Failed);
  EXPECT_EQ(server_.error(), 0);  // nothing was written
  EXPECT_EQ(taken(server_out()), "");
}

// RFC 8446 section 5.5.
TEST_F(CarriedStreamTest, KeysThatAreWornAreChanged) {
  carry();
  scratch_->sealing_contexts.records_most = 3;
  std::string data(3 * 16384, 'x');
  for (int i = 0; i < 5; ++i) {
    SCOPED_TRACE(i);
    say(server_, data);
    std::string wire = taken(server_out());
    bool changed = wire.size() > data.size() + 3 * RecordSealer::kOverhead;
    EXPECT_TRUE(changed || i == 0);
    give(server_out(), wire);
    EXPECT_EQ(read(client_, 16384), data) << client_.error_text();
  }
  expect_conversation();
}

TEST_F(CarriedStreamTest, KeysThatChangeWithoutEndAreTheEnd) {
  carry();
  for (int i = 0; i < 33; ++i) change_keys_of_client(SSL_KEY_UPDATE_NOT_REQUESTED);
  expect_refusal(taken(client_out()), "alert unexpected message");
}

TEST_F(CarriedStreamTest, EitherSideSaysGoodbye) {
  carry();
  say(client_, "the last");
  ASSERT_EQ(client_.end_write(), Step::Done);
  pass(client_out());
  EXPECT_EQ(read(server_), "the last");
  EXPECT_EQ(kind(server_), Flow::End);
  EXPECT_EQ(kind(server_), Flow::End);
  say(server_, "an answer to it");
  ASSERT_EQ(server_.end_write(), Step::Done);
  pass(server_out());
  EXPECT_EQ(read(client_), "an answer to it");
  EXPECT_EQ(kind(client_), Flow::End);
}

TEST_F(CarriedStreamTest, AnEndWithoutGoodbyeIsATruncation) {
  carry();
  say(client_, "half");
  pass(client_out());
  ::shutdown(to_server_, SHUT_WR);
  EXPECT_EQ(read(server_), "half");
  EXPECT_EQ(kind(server_), Flow::Truncated);
}

TEST_F(CarriedStreamTest, ARecordThatWasChangedIsRefused) {
  carry();
  say(client_, "a question");
  std::string wire = taken(client_out());
  wire.back() = static_cast<char>(wire.back() ^ 1);
  expect_refusal(wire, "alert bad record mac");
}

TEST_F(CarriedStreamTest, ARecordThatComesAgainIsRefused) {
  carry();
  say(client_, "a question");
  std::string wire = taken(client_out());
  give(client_out(), wire);
  EXPECT_EQ(read(server_), "a question");
  expect_refusal(wire, "alert bad record mac");
}

TEST_F(CarriedStreamTest, WhatIsNotEncryptedIsRefused) {
  carry();
  expect_refusal(std::string_view("\x15\x03\x03\0\x02\x01\0", 7), "alert unexpected message");
}

TEST_F(CarriedStreamTest, ARecordThatIsTooShortOrTooLongIsRefused) {
  carry();
  expect_refusal(std::string("\x17\x03\x03\0\x10", 5) + std::string(16, 'x'),
                 "alert bad record mac");
}

TEST_F(CarriedStreamTest, ARecordThatIsTooLongIsRefused) {
  carry();
  expect_refusal("\x17\x03\x03\x41\x01", "alert record overflow");
}

TEST_F(CarriedStreamTest, AnAlertOfThePeerIsTheEnd) {
  carry();
  say(server_, "an answer");
  std::string wire = taken(server_out());
  wire.back() = static_cast<char>(wire.back() ^ 1);
  give(server_out(), wire);
  EXPECT_EQ(kind(client_), Flow::Failed);  // and says why
  pass(client_out());
  EXPECT_EQ(kind(server_), Flow::Failed);
  EXPECT_TRUE(server_.error_text().ends_with("alert bad record mac")) << server_.error_text();
  EXPECT_NE(server_.tls_error_code(), 0u);
  EXPECT_EQ(taken(server_out()), "");
}

}  // namespace
}  // namespace sallyport
