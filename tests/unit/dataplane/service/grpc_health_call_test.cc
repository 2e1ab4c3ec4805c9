#include "dataplane/service/grpc_health_call.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace sallyport {
namespace {

using namespace std::string_literals;

const std::string kServing = "\0\0\0\0\2\x08\1"s;

struct Answer {
  std::vector<H2Field> head = {{":status", "200"}, {"content-type", "application/grpc"}};
  std::string body = kServing;
  std::vector<H2Field> trailers = {{"grpc-status", "0"}};
  bool has_body = true;
};

/// The other side: answers the first stream when its request is whole.
class Endpoint final : private H2FrameEvents, private H2FrameStream {
 public:
  explicit Endpoint(std::function<void(Endpoint&)> act) : act_(std::move(act)) {}

  H2Frames& frames() { return frames_; }
  void answer(Answer answer) {
    answer_ = std::move(answer);
    frames_.send_response(1, answer_.head, *this, answer_.has_body);
  }
  const std::string& asked() const { return asked_; }
  const std::string& request() const { return request_; }

 private:
  void on_frame(Kind) override {}
  H2FrameStream* on_stream(int32_t) override { return this; }
  void on_block_begin() override {}
  void on_block_end() override {}
  void on_fault() override {}
  void on_goaway(int32_t, H2Error) override {}
  void on_pong() override {}
  void on_settings() override {}
  void on_data_sent(size_t, bool) override {}
  void on_field(std::string_view name, std::string_view value) override {
    asked_.append(name).append("=").append(value).append(" ");
  }
  void on_fields_end(bool) override {}
  void on_data(Bytes data) override { request_ += as_text(data); }
  void on_end() override { act_(*this); }
  void on_end_sent() override {}
  void on_closed(H2Error) override {}
  Supply supply(size_t most) override {
    size_t left = answer_.body.size() - sent_;
    return {std::min(most, left), most >= left, !answer_.trailers.empty()};
  }
  void take(MutableBytes into) override {
    std::memcpy(into.data(), answer_.body.data() + sent_, into.size());
    sent_ += into.size();
  }
  std::span<const H2Field> closing_fields() override { return answer_.trailers; }

  std::function<void(Endpoint&)> act_;
  Answer answer_;
  size_t sent_ = 0;
  std::string asked_, request_;
  H2Frames frames_{H2Frames::Role::Server, {}, *this};
};

HealthConfig config(std::string service = "a.B") {
  HealthConfig config;
  config.grpc = std::move(service);
  return config;
}

// Lets both talk until neither has anything to say.
void talk(GrpcHealthCall& call, Endpoint& endpoint) {
  std::vector<uint8_t> room(64 * 1024);
  for (bool on = true; on;) {
    size_t there = call.produce(room);
    endpoint.frames().receive(Bytes(room).first(there));
    size_t back = endpoint.frames().produce(room);
    if (back > 0) call.receive(Bytes(room).first(back));
    on = there + back > 0;
  }
}

std::string outcome(std::function<void(Endpoint&)> act) {
  GrpcHealthCall call(config(), "localhost:1", GrpcHealthCall::Scheme::Http);
  Endpoint endpoint(std::move(act));
  talk(call, endpoint);
  return call.over() ? call.fault() : "still waiting";
}

std::string outcome(Answer answer) {
  return outcome([&](Endpoint& endpoint) { endpoint.answer(answer); });
}

TEST(GrpcHealthCall, AsksAsGrpcDoes) {
  Endpoint endpoint([](Endpoint& e) { e.answer({}); });
  GrpcHealthCall call(config(), "orders.internal:50051", GrpcHealthCall::Scheme::Https);
  talk(call, endpoint);
  EXPECT_TRUE(call.over());
  EXPECT_EQ(call.fault(), "");
  EXPECT_EQ(endpoint.asked(),
            ":method=POST :scheme=https :path=/grpc.health.v1.Health/Check "
            ":authority=orders.internal:50051 te=trailers grpc-timeout=3000m "
            "content-type=application/grpc user-agent=sallyport ");
  EXPECT_EQ(endpoint.request(), "\0\0\0\0\5\x0a\3a.B"s);
}

TEST(GrpcHealthCall, OnlySERVINGIsGoodEnough) {
  EXPECT_EQ(outcome(Answer{}), "");
  EXPECT_EQ(outcome({.body = "\0\0\0\0\2\x08\2"s}), "NOT_SERVING");
  EXPECT_EQ(outcome({.body = "\0\0\0\0\0"s}), "UNKNOWN");
  EXPECT_EQ(outcome({.body = "\0\0\0\0\2\x08\3"s}), "SERVICE_UNKNOWN");
  EXPECT_EQ(outcome({.body = "\0\0\0\0\2\x08\4"s}), "the status 4 is none of health.proto");
  EXPECT_EQ(outcome({.body = "\1\0\0\0\2\x08\1"s}),
            "the message is compressed, which nobody asked for");
  EXPECT_EQ(outcome({.body = kServing + kServing}), "there is more than one message");
  EXPECT_EQ(outcome({.body = ""}), "the response has no whole message");
}

TEST(GrpcHealthCall, TheRestOfTheAnswerHasToBeGrpcToo) {
  EXPECT_EQ(outcome({.head = {{":status", "200"}, {"content-type", "application/grpc+proto"}}}),
            "");
  EXPECT_EQ(outcome({.head = {{":status", "503"}, {"content-type", "application/grpc"}}}),
            "the answer is HTTP status 503");
  EXPECT_EQ(outcome({.head = {{":status", "200"}, {"content-type", "text/html"}}}),
            "the answer is not of gRPC: its content-type is \"text/html\"");
  EXPECT_EQ(outcome({.head = {{":status", "200"}, {"content-type", "application/grpcish"}}}),
            "the answer is not of gRPC: its content-type is \"application/grpcish\"");
  EXPECT_EQ(outcome({.head = {{":status", "200"}}}),
            "the answer is not of gRPC: its content-type is \"\"");
  EXPECT_EQ(outcome({.trailers = {}}), "the answer has no trailers, and so no grpc-status");
  EXPECT_EQ(outcome({.trailers = {{"grpc-status", "13"}, {"grpc-message", "broken"}}}),
            "grpc-status 13: broken");
  EXPECT_EQ(outcome({.trailers = {{"grpc-message", "broken"}}}), "the answer has no grpc-status");
  // A status in the head does not count when there are trailers.
  EXPECT_EQ(outcome({.head = {{":status", "200"}, {"content-type", "application/grpc"},
                              {"grpc-status", "0"}},
                     .trailers = {{"other", "0"}}}),
            "the answer has no grpc-status");
}

TEST(GrpcHealthCall, AnAnswerInOneBlockIsNone) {
  auto only = [](const char* status) {
    return outcome({.head = {{":status", "200"}, {"content-type", "application/grpc"},
                             {"grpc-status", status}},
                    .has_body = false});
  };
  EXPECT_EQ(only("12"), "grpc-status 12");
  EXPECT_EQ(only("0"), "the answer has no message");
}

TEST(GrpcHealthCall, InterimResponsesArePassedOver) {
  EXPECT_EQ(outcome([](Endpoint& endpoint) {
              const H2Field early[] = {{":status", "103"}};
              endpoint.frames().send_interim(1, early);
              endpoint.answer({});
            }), "");
}

TEST(GrpcHealthCall, TooMuchIsAFault) {
  EXPECT_EQ(outcome({.body = std::string(2000, '\0')}), "the message has more than 1024 bytes");
  std::string text(60'000, 'x');
  EXPECT_NE(outcome({.head = {{":status", "200"}, {"content-type", "application/grpc"},
                              {"x", text}}}), "still waiting");
}

TEST(GrpcHealthCall, StreamsAndConnectionsThatEndAreFaults) {
  EXPECT_EQ(outcome([](Endpoint& e) { e.frames().reset(1, H2Error::RefusedStream); }),
            "the stream was closed without an answer: REFUSED_STREAM");
  EXPECT_EQ(outcome([](Endpoint&) {}), "still waiting");
  GrpcHealthCall call(config(), "localhost:1", GrpcHealthCall::Scheme::Http);
  call.ended("it broke");
  EXPECT_EQ(call.fault(), "the connection ended without an answer: it broke");
}

TEST(GrpcHealthCall, WhoSpeaksSomethingElseIsAtFault) {
  for (const std::string& said : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x15\3\1\0\2\2\x46"s,
                                  "SSH-2.0-OpenSSH_9.2\r\n"s, std::string(100'000, 'x')}) {
    GrpcHealthCall call(config(), "localhost:1", GrpcHealthCall::Scheme::Http);
    call.receive(as_bytes(said));
    if (!call.over()) call.ended("closed");
    EXPECT_NE(call.fault(), "") << said;
  }
}

}  // namespace
}  // namespace sallyport
