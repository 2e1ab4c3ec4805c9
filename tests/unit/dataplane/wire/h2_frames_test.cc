#include "dataplane/wire/h2_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace sallyport {
namespace {

// A stream's user that notes all it is told, and sends what it is given.
class Sides final : public H2FrameStream {
 public:
  std::string came, said;
  std::vector<H2Field> closing;
  bool all_said = true;
  bool closed = false, ended = false, end_sent = false, faulty = false;
  H2Error error = H2Error::None;

  void on_field(std::string_view name, std::string_view value) override {
    came += std::string(name) + "=" + std::string(value) + "\n";
  }
  void on_fields_end(bool end) override {
    came += "--\n";
    ended |= end;
  }
  void on_data(Bytes data) override { came += as_text(data); }
  void on_end() override { ended = true; }
  void on_end_sent() override { end_sent = true; }
  void on_fault() override { faulty = true; }
  void on_closed(H2Error code) override {
    closed = true;
    error = code;
  }
  Supply supply(size_t most) override {
    size_t size = std::min(most, said.size());
    bool end = all_said && size == said.size();
    return {size, end, end && !closing.empty()};
  }
  void take(MutableBytes into) override {
    std::memcpy(into.data(), said.data(), into.size());
    said.erase(0, into.size());
  }
  std::span<const H2Field> closing_fields() override { return closing; }
};

class Side final : public H2FrameEvents {
 public:
  explicit Side(H2Frames::Role role, H2FrameSettings settings = {})
      : frames(role, settings, *this) {}

  int control = 0, resets = 0, excess = 0, faults = 0, goaways = 0, pongs = 0;
  bool calm = false;  // after whoever begins a stream
  std::vector<std::unique_ptr<Sides>> streams;
  H2Frames frames;

  void on_frame(Kind kind) override {
    control += kind == Kind::Control;
    resets += kind == Kind::Reset;
    excess += kind == Kind::Excess;
  }
  H2FrameStream* on_stream(int32_t) override {
    streams.push_back(std::make_unique<Sides>());
    if (calm) frames.terminate(H2Error::EnhanceYourCalm);
    return streams.back().get();
  }
  void on_block_begin() override {}
  void on_block_end() override {}
  void on_fault() override { ++faults; }
  void on_goaway(int32_t, H2Error) override { ++goaways; }
  void on_pong() override { ++pongs; }
  void on_settings() override {}
  void on_data_sent(size_t, bool) override {}

  std::string produced() {
    std::string all;
    std::vector<uint8_t> room(64 * 1024);
    while (size_t size = frames.produce(room)) all += as_text(Bytes(room.data(), size));
    return all;
  }
};

// Until neither has anything to say; in pieces of `piece` bytes.
void talk(Side& a, Side& b, size_t piece = 1 << 20) {
  for (bool some = true; some;) {
    some = false;
    for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      std::string text = from->produced();
      some |= !text.empty();
      for (size_t at = 0; at < text.size(); at += piece) {
        to->frames.receive(as_bytes(text.substr(at, piece)));
      }
    }
  }
}

const std::vector<H2Field> kGet = {
    {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
const std::vector<H2Field> kPost = {
    {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
const std::vector<H2Field> kOk = {{":status", "200"}};

TEST(H2Frames, ARequestAndItsResponseInAnySegments) {
  for (size_t piece : {1u, 7u, 9u, 10u, 1000u, 1u << 20}) {
    Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
    Sides call;
    call.said = std::string(30'000, 'q');
    ASSERT_EQ(client.frames.send_request(kPost, call, true), 1);
    talk(client, server, piece);
    ASSERT_EQ(server.streams.size(), 1u);
    Sides& served = *server.streams[0];
    EXPECT_EQ(served.came, ":method=POST\n:scheme=https\n:authority=a.test\n:path=/\n--\n" +
                               std::string(30'000, 'q'));
    EXPECT_TRUE(served.ended);
    served.said = std::string(20'000, 'a');
    served.closing = {{"grpc-status", "0"}};
    ASSERT_TRUE(server.frames.send_response(1, kOk, served, true));
    talk(server, client, piece);
    EXPECT_EQ(call.came, ":status=200\n--\n" + std::string(20'000, 'a') + "grpc-status=0\n--\n");
    EXPECT_TRUE(call.ended && call.closed && served.closed && served.end_sent);
    EXPECT_EQ(call.error, H2Error::None);
  }
}

TEST(H2Frames, ABodyThatIsNotConsumedStopsAtItsWindowAndNoOther) {
  Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
  Sides stalled, other;
  stalled.said = std::string(500'000, 'x');
  other.said = std::string(50'000, 'y');
  int32_t first = client.frames.send_request(kPost, stalled, true);
  client.frames.send_request(kPost, other, true);
  talk(client, server);
  ASSERT_EQ(server.streams.size(), 2u);
  EXPECT_EQ(stalled.said.size(), 500'000u - 64 * 1024);
  EXPECT_TRUE(other.said.empty() && server.streams[1]->ended);
  server.frames.consumed(first, 64 * 1024);
  talk(client, server);
  EXPECT_EQ(stalled.said.size(), 500'000u - 128 * 1024);
}

TEST(H2Frames, FewBodiesHaveAWideWindow) {
  Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
  constexpr size_t kWide = H2Frames::kWideMost, kAll = 1'000'000;
  std::vector<Sides> calls(kWide + 1);
  std::vector<int32_t> ids;
  for (Sides& call : calls) {
    call.said = std::string(kAll, 'x');
    ids.push_back(client.frames.send_request(kPost, call, true));
  }
  talk(client, server);
  for (int32_t id : ids) {
    server.frames.widen(id);
    server.frames.widen(id);
  }
  talk(server, client);
  talk(client, server);
  for (size_t i = 0; i < kWide; ++i) {
    EXPECT_EQ(kAll - calls[i].said.size(), size_t{H2Frames::kWideWindow}) << i;
  }
  EXPECT_EQ(kAll - calls[kWide].said.size(), 64u * 1024);
  // The place of one that is gone is another's; of one that is not there nothing is kept.
  server.frames.reset(ids[0], H2Error::Cancel);
  talk(server, client);
  server.frames.widen(ids[0]);
  server.frames.widen(ids[kWide]);
  talk(server, client);
  talk(client, server);
  EXPECT_EQ(kAll - calls[kWide].said.size(), size_t{H2Frames::kWideWindow});
}

TEST(H2Frames, FramesOfClosedStreamsCountAndThoseOfAPeersEndsAreErrors) {
  Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
  Sides call;
  client.frames.send_request(kGet, call, false);
  talk(client, server);
  server.frames.send_response(1, kOk, *server.streams[0], false);
  talk(client, server);
  ASSERT_TRUE(server.streams[0]->closed);
  int before = server.control;
  const uint8_t window[] = {0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_TRUE(server.frames.receive(window));
  EXPECT_EQ(server.control, before + 1);
  EXPECT_TRUE(server.frames.wants_read());
  const uint8_t data[] = {0, 0, 1, 0, 0, 0, 0, 0, 1, 'x'};
  server.frames.receive(data);
  talk(client, server);
  EXPECT_EQ(client.goaways, 1);
  EXPECT_EQ(server.frames.error(), H2Error::StreamClosed);
}

TEST(H2Frames, StreamsBeyondThoseAllowedAreToldApart) {
  H2FrameSettings two;
  two.streams = 2;
  Side server(H2Frames::Role::Server, two), client(H2Frames::Role::Client);
  Sides calls[4];
  for (size_t i = 0; i < 3; ++i) client.frames.send_request(kGet, calls[i], false);
  server.frames.receive(as_bytes(client.produced()));
  EXPECT_EQ(server.excess, 1);
  ASSERT_EQ(server.streams.size(), 2u);
  server.frames.send_response(1, kOk, *server.streams[0], false);
  talk(server, client);
  EXPECT_EQ(calls[2].error, H2Error::RefusedStream);
  client.frames.send_request(kGet, calls[3], false);
  talk(client, server);
  EXPECT_EQ(server.excess, 1);
  EXPECT_EQ(server.streams.size(), 3u);
}

TEST(H2Frames, NothingIsReadOfAPeerThatIsToldToGo) {
  for (size_t piece : {1u, 1u << 20}) {
    Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
    server.calm = true;
    Sides calls[3];
    for (Sides& call : calls) client.frames.send_request(kGet, call, false);
    talk(client, server, piece);
    ASSERT_EQ(server.streams.size(), 1u);
    EXPECT_LE(std::count(server.streams[0]->came.begin(), server.streams[0]->came.end(), '\n'), 1);
    EXPECT_FALSE(server.frames.wants_read());
    EXPECT_EQ(server.frames.error(), H2Error::EnhanceYourCalm);
    EXPECT_EQ(client.goaways, 1);
  }
}

TEST(H2Frames, ShutdownServesWhatComesUntilTheClientKnows) {
  Side server(H2Frames::Role::Server), client(H2Frames::Role::Client);
  talk(client, server);
  server.frames.begin_shutdown();
  std::string notice = server.produced();
  Sides late;
  client.frames.send_request(kGet, late, false);
  server.frames.receive(as_bytes(client.produced()));
  ASSERT_EQ(server.streams.size(), 1u);
  client.frames.receive(as_bytes(notice));
  EXPECT_FALSE(client.frames.takes_requests());
  talk(client, server);
  EXPECT_EQ(server.pongs, 1);
  server.frames.finish_shutdown();
  server.frames.send_response(1, kOk, *server.streams[0], false);
  talk(client, server);
  EXPECT_TRUE(late.ended);
  EXPECT_EQ(late.error, H2Error::None);
  EXPECT_FALSE(server.frames.wants_read());
}

TEST(H2Frames, WhatIsNoHttp2IsToldSo) {
  Side server(H2Frames::Role::Server);
  std::string garbage = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  EXPECT_FALSE(server.frames.receive(as_bytes(garbage)));
  EXPECT_FALSE(server.frames.wants_read());
  std::string said = server.produced();
  ASSERT_GE(said.size(), 17u);
  EXPECT_EQ(said[said.size() - 17 + 3], 7);  // GOAWAY
  EXPECT_FALSE(server.frames.wants_write());
}

}  // namespace
}  // namespace sallyport
