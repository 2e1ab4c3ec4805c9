#include "dataplane/service/grpc_health_call.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "dataplane/wire/grpc_health.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {

namespace {

// An answer has some hundred bytes: who says much more is not answering.
constexpr size_t kBodyMost = 1024;
constexpr size_t kBytesMost = 64 * 1024;
constexpr size_t kTextMost = 200;  // of what the endpoint says in words, for the log

H2FrameSettings settings() {
  H2FrameSettings settings;
  settings.header_list = 16 * 1024;
  return settings;
}

bool is_grpc(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!same_name(content_type.substr(0, kGrpc.size()), kGrpc)) return false;
  content_type.remove_prefix(kGrpc.size());
  return content_type.empty() || content_type.front() == '+' || content_type.front() == ';';
}

}  // namespace

GrpcHealthCall::GrpcHealthCall(const HealthConfig& config, const std::string& authority,
                               Scheme scheme)
    : request_(grpc_health_request(config.grpc)),
      frames_(H2Frames::Role::Client, settings(), *this) {
  std::string timeout = std::to_string(config.timeout.count()) + "m";
  const std::array<H2Field, 8> fields = {{
      {":method", "POST"},
      {":scheme", scheme == Scheme::Https ? "https" : "http"},
      {":path", "/grpc.health.v1.Health/Check"},
      {":authority", authority},
      {"te", "trailers"},
      {"grpc-timeout", timeout},
      {"content-type", "application/grpc"},
      {"user-agent", "sallyport"},
  }};
  if (frames_.send_request(fields, *this, true) < 0) fail("the question cannot be sent");
}

void GrpcHealthCall::receive(Bytes bytes) {
  received_ += bytes.size();
  bool on = frames_.receive(bytes);
  if (over_) return;
  if (received_ > kBytesMost) {
    fail("the answer has more than " + std::to_string(kBytesMost) + " bytes");
  } else if (!on || !frames_.wants_read()) {
    fail(std::string("this is not HTTP/2 as it should be: ") + name(frames_.error()));
  }
}

void GrpcHealthCall::ended(const std::string& why) {
  if (!over_) fail("the connection ended without an answer: " + why);
}

void GrpcHealthCall::fail(std::string why) {
  if (over_) return;
  fault_ = std::move(why);
  finish();
}

void GrpcHealthCall::finish() {
  over_ = true;
  frames_.terminate(H2Error::None);
}

void GrpcHealthCall::on_block_begin() {
  for (std::string* text : {&status_, &content_type_, &grpc_status_, &grpc_message_}) text->clear();
}

void GrpcHealthCall::on_field(std::string_view name, std::string_view value) {
  std::string* text = name == ":status"        ? &status_
                      : name == "content-type" ? &content_type_
                      : name == "grpc-status"  ? &grpc_status_
                      : name == "grpc-message" ? &grpc_message_
                                               : nullptr;
  if (text) *text = value.substr(0, kTextMost);
}

void GrpcHealthCall::on_fields_end(bool end_of_stream) {
  if (over_) return;
  if (!has_head_) return take_head(end_of_stream);
  if (grpc_status_ != "0") return fail(status_text());
  Result<ServingStatus> status = parse_grpc_health_response(as_bytes(body_));
  if (!status) return fail(status.error().message);
  if (*status != ServingStatus::Serving) return fail(name(*status));
  finish();
}

void GrpcHealthCall::take_head(bool end_of_stream) {
  if (status_.starts_with('1')) return;  // an interim response
  has_head_ = true;
  if (status_ != "200") return fail("the answer is HTTP status " + status_);
  if (!is_grpc(content_type_)) {
    return fail("the answer is not of gRPC: its content-type is \"" + content_type_ + "\"");
  }
  if (!end_of_stream) return;
  // All in one block: gRPC has no message in it.
  fail(grpc_status_ == "0" ? "the answer has no message" : status_text());
}

std::string GrpcHealthCall::status_text() const {
  if (grpc_status_.empty()) return "the answer has no grpc-status";
  std::string text = "grpc-status " + grpc_status_;
  return grpc_message_.empty() ? text : text + ": " + grpc_message_;
}

void GrpcHealthCall::on_data(Bytes data) {
  if (over_) return;
  if (body_.size() + data.size() > kBodyMost) {
    return fail("the message has more than " + std::to_string(kBodyMost) + " bytes");
  }
  body_ += as_text(data);
}

void GrpcHealthCall::on_end() { fail("the answer has no trailers, and so no grpc-status"); }

void GrpcHealthCall::on_fault() { fail("the answer breaks the rules of HTTP/2"); }

void GrpcHealthCall::on_closed(H2Error error) {
  fail(std::string("the stream was closed without an answer: ") + name(error));
}

H2FrameStream::Supply GrpcHealthCall::supply(size_t most) {
  Supply supply;
  supply.size = std::min(most, request_.size() - sent_);
  supply.end = sent_ + supply.size == request_.size();
  return supply;
}

void GrpcHealthCall::take(MutableBytes into) {
  std::memcpy(into.data(), request_.data() + sent_, into.size());
  sent_ += into.size();
}

}  // namespace sallyport
