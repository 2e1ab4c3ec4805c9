#include "bench/load/h2_exchange.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "bench/common/pattern.h"

namespace sallyport::bench {
namespace {

constexpr int32_t kStreamWindow = 6 << 20, kConnectionWindow = 15 << 20;
constexpr size_t kGather = 64 * 1024;

struct SessionFree {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using SessionPtr = std::unique_ptr<nghttp2_session, SessionFree>;

class H2Exchange : public Exchange {
 public:
  H2Exchange(const Options& options, const Host& host)
      : body_(options.body),
        expected_status_(options.expected_status),
        method_(options.method),
        path_(options.path),
        authority_(host.name.empty() ? options.target_text : host.name) {
    for (const std::string& header : options.headers) {
      const size_t colon = header.find(':');
      if (colon == std::string::npos) continue;
      std::string name = header.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const size_t value = header.find_first_not_of(' ', colon + 1);
      fields_.emplace_back(name, value == std::string::npos ? "" : header.substr(value));
    }
    if (body_ > 0) fields_.emplace_back("content-length", std::to_string(body_));
  }

  void opened() override {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(session);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, uint32_t{kStreamWindow}}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
    out_.clear();
    sent_ = 0;
    going_away_ = false;
  }

  void begin() override {
    failure_.reset();
    status_ = 0;
    stream_closed_ = false;
    body_sent_ = 0;
    const std::pair<std::string, std::string> pseudo[] = {
        {":method", method_}, {":scheme", "https"}, {":authority", authority_}, {":path", path_}};
    std::vector<nghttp2_nv> fields;
    for (const auto& [name, value] : pseudo) fields.push_back(field(name, value));
    for (const auto& [name, value] : fields_) fields.push_back(field(name, value));
    nghttp2_data_provider body{};
    body.read_callback = read_body;
    stream_ = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(),
                                     body_ > 0 ? &body : nullptr, nullptr);
  }

  Bytes to_send() override {
    if (sent_ == out_.size()) gather();
    return as_bytes(std::string_view(out_).substr(sent_));
  }
  void sent(size_t bytes) override { sent_ += bytes; }

  Step received(Bytes bytes) override {
    if (!feed(bytes)) return fail(FailureKind::BadResponse, "not HTTP/2: " + error_);
    if (!stream_closed_) return Step::More;
    if (stream_error_ != NGHTTP2_NO_ERROR) {
      failure_ = Failure{FailureKind::BadResponse,
                         std::string("stream ended with ") + nghttp2_http2_strerror(stream_error_)};
    } else if (expected_status_ ? status_ != expected_status_ : status_ >= 400) {
      failure_ = Failure{FailureKind::BadStatus, "status " + std::to_string(status_)};
    }
    return Step::Done;
  }
  bool received_idle(Bytes bytes) override { return feed(bytes) && !going_away_; }
  Step end_received() override {
    return fail(FailureKind::EndedEarly, "the peer ended before the response was complete");
  }
  bool reusable() const override { return !going_away_; }

 private:
  static nghttp2_nv field(const std::string& name, const std::string& value) {
    // nghttp2 copies both; its structure only lacks the const.
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }

  static H2Exchange& self(void* user) { return *static_cast<H2Exchange*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t, uint8_t, void* user) {
    if (name_size == 7 && std::memcmp(name, ":status", 7) == 0) {
      self(user).status_ = std::atoi(reinterpret_cast<const char*>(value));
    }
    return 0;
  }
  static int on_stream_close(nghttp2_session*, int32_t stream, uint32_t error, void* user) {
    if (stream != self(user).stream_) return 0;
    self(user).stream_closed_ = true;
    self(user).stream_error_ = error;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).going_away_ = true;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags,
                           nghttp2_data_source*, void* user) {
    H2Exchange& me = self(user);
    const Bytes bytes = pattern_at(me.body_sent_, me.body_ - me.body_sent_);
    const size_t count = std::min(room, bytes.size());
    std::memcpy(into, bytes.data(), count);
    me.body_sent_ += count;
    if (me.body_sent_ == me.body_) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  // Frames are small: several leave in one write.
  void gather() {
    out_.clear();
    sent_ = 0;
    const uint8_t* data = nullptr;
    while (out_.size() < kGather) {
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
      if (size <= 0) return;
      out_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
  }

  bool feed(Bytes bytes) {
    const ssize_t used = nghttp2_session_mem_recv(session_.get(), bytes.data(), bytes.size());
    if (used >= 0) return true;
    error_ = nghttp2_strerror(static_cast<int>(used));
    return false;
  }

  const uint64_t body_;
  const int expected_status_;
  const std::string method_, path_, authority_;
  std::vector<std::pair<std::string, std::string>> fields_;
  SessionPtr session_;
  std::string out_, error_;
  size_t sent_ = 0;
  uint64_t body_sent_ = 0;
  int32_t stream_ = 0;
  uint32_t stream_error_ = 0;
  int status_ = 0;
  bool stream_closed_ = false, going_away_ = false;
};

}  // namespace

std::unique_ptr<Exchange> make_h2_exchange(const Options& options, const Host& host) {
  return std::make_unique<H2Exchange>(options, host);
}

}  // namespace sallyport::bench
