// One call of grpc.health.v1.Health/Check on a connection of its own, sans I/O.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/model/config.h"
#include "dataplane/wire/h2_frames.h"

namespace sallyport {

/// Asks as soon as it is made. The endpoint serves exactly if it answers 200 with one message that
/// says SERVING, and grpc-status 0 in trailers; everything else is a fault.
class GrpcHealthCall final : private H2FrameEvents, private H2FrameStream {
 public:
  enum class Scheme : uint8_t { Http, Https };
  GrpcHealthCall(const HealthConfig& config, const std::string& authority, Scheme scheme);
  GrpcHealthCall(const GrpcHealthCall&) = delete;
  GrpcHealthCall& operator=(const GrpcHealthCall&) = delete;

  /// What the endpoint sent.
  void receive(Bytes bytes);
  /// The connection has ended.
  void ended(const std::string& why);
  /// What there is to send, a goodbye after the answer included.
  size_t produce(MutableBytes room) { return frames_.produce(room); }
  bool wants_write() const { return frames_.wants_write(); }

  /// Nothing more is to come.
  bool over() const { return over_; }
  /// REQUIRES: over(). Why the endpoint does not serve; empty: it does.
  const std::string& fault() const { return fault_; }

 private:
  void fail(std::string why);
  void finish();
  void take_head(bool end_of_stream);
  std::string status_text() const;

  void on_frame(Kind) override {}
  H2FrameStream* on_stream(int32_t) override { return nullptr; }
  void on_block_begin() override;
  void on_block_end() override {}
  void on_goaway(int32_t, H2Error) override {}
  void on_pong() override {}
  void on_settings() override {}
  void on_data_sent(size_t, bool) override {}

  void on_field(std::string_view name, std::string_view value) override;
  void on_fields_end(bool end_of_stream) override;
  void on_data(Bytes data) override;
  void on_end() override;
  void on_end_sent() override {}
  void on_fault() override;  // of the stream and of the connection alike
  void on_closed(H2Error error) override;
  Supply supply(size_t most) override;
  void take(MutableBytes into) override;
  std::span<const H2Field> closing_fields() override { return {}; }

  std::string request_;
  size_t sent_ = 0;
  size_t received_ = 0;  // bytes of everything
  bool has_head_ = false;
  bool over_ = false;
  std::string body_;
  std::string fault_;
  std::string status_, content_type_, grpc_status_, grpc_message_;  // of the last block of fields
  H2Frames frames_;
};

}  // namespace sallyport
