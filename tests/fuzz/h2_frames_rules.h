// What must hold of one side of an HTTP/2 connection and its streams, whatever the peer sends.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/session/h2_sides.h"

namespace sallyport {
namespace h2_frames_rules {

/// Reads what comes to it, and says something short or long itself.
class Side final : public H2Sides {
 public:
  Side(H2Link& link, H2HeadText::Of of) : H2Sides(link, of), head_(link.scratch().blocks) {}

  void clear() { clear_sides(); }
  void open(int32_t id) {
    open_sides(id);
    read_ = sent_ = false;
  }
  void begin_request(bool body) {
    open_sides(0);
    read_ = false;
    put(body ? "POST /a HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
             : "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    send_body(MutableBytes{body_, body ? sizeof body_ : 0}, true, nullptr);
  }
  /// As a session's turn does.
  void run() {
    if (closed_) return;
    if (!read_ && head_whole_) {
      Head head = read_head(head_, 1 << 15, Scratch::kChunk);
      if (head.kind == Head::Kind::Whole) read_ = true;
    }
    if (!read_) return;
    for (int i = 0; i < 100; ++i) {
      Body body = read_body(16 * 1024);
      if (body.kind != Body::Kind::Data || body.end) break;
    }
    if (of_ == H2HeadText::Of::Response || sent_) return;
    sent_ = true;
    bool large = head_.rest().size() % 2;
    put("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    send_body(MutableBytes{body_, large ? sizeof body_ : 3}, true, nullptr);
  }
  bool over() const { return closed_; }

 private:
  void put(std::string_view text) {
    H1Writer writer = head_writer();
    writer.put(text);
    put_head(writer.written(), BodyKind::None, false);
  }
  void ready() override {}
  bool submit_fields(std::span<const H2Field> fields, bool more) override {
    head_sent_ = true;
    if (of_ == H2HeadText::Of::Request) {
      return link_.frames().send_response(id_, fields, *this, more);
    }
    id_ = link_.frames().send_request(fields, *this, more);
    return id_ > 0;
  }
  bool translate(MutableBytes head) override {
    return of_ == H2HeadText::Of::Request ? h2_response_fields(head, link_.scratch().fields)
                                          : h2_request_fields(head, "http", link_.scratch().fields);
  }

  Block head_;
  bool read_ = false;
  bool sent_ = false;
  static inline uint8_t body_[40 * 1024] = {};
};

class Connection final : public H2Link, public H2FrameEvents {
 public:
  explicit Connection(H2Frames::Role role) : role_(role), frames_(role, settings(), *this) {
    if (role == H2Frames::Role::Server) return;
    for (bool body : {false, true, false}) {
      sides_.push_back(std::make_unique<Side>(*this, H2HeadText::Of::Response));
      sides_.back()->begin_request(body);
    }
  }

  void exchange(Bytes bytes) {
    bool lives = frames_.receive(bytes);
    for (auto& side : sides_) side->run();
    size_t produced = 0;
    while (frames_.wants_write() && produced < 4 * 1024 * 1024) {
      size_t size = frames_.produce({out_, sizeof out_});
      CHECK(size <= sizeof out_);
      if (size == 0) break;
      produced += size;
    }
    CHECK(lives || !frames_.wants_read());
    for (const auto& side : sides_) CHECK(side->unacknowledged() <= 64 * 1024);
  }
  bool lives() const { return frames_.wants_read(); }

  Scratch& scratch() override { return scratch_; }
  H2Frames& frames() override { return frames_; }
  size_t header_size() const override { return 16 * 1024; }
  size_t open_streams() const override { return sides_.size(); }
  bool reading_ended() const override { return false; }
  std::string link_error() const override { return {}; }
  void wants_to_send() override {}
  void on_fields(size_t) override {}

  void on_frame(Kind) override {}
  H2FrameStream* on_stream(int32_t id) override {
    if (role_ == H2Frames::Role::Client) return nullptr;
    for (auto& side : sides_) {
      if (!side->over()) continue;
      side->clear();
      side->open(id);
      return side.get();
    }
    CHECK(sides_.size() < kStreams);
    sides_.push_back(std::make_unique<Side>(*this, H2HeadText::Of::Request));
    sides_.back()->open(id);
    return sides_.back().get();
  }
  void on_block_begin() override {}
  void on_block_end() override {}
  void on_fault() override {}
  void on_goaway(int32_t, H2Error) override {}
  void on_pong() override {}
  void on_settings() override {}
  void on_data_sent(size_t size, bool) override { CHECK(size <= H2Frames::kFrameMost); }

 private:
  static constexpr uint32_t kStreams = 8;
  static H2FrameSettings settings() {
    H2FrameSettings settings;
    settings.streams = kStreams;
    settings.connect_protocol = true;
    return settings;
  }

  static inline Scratch scratch_;
  static inline uint8_t out_[70 * 1024];
  const H2Frames::Role role_;
  std::vector<std::unique_ptr<Side>> sides_;
  H2Frames frames_;
};

}  // namespace h2_frames_rules

/// A byte that says how many bytes come at a time, and what the peer sends, as it is; a client's
/// preface is put before it.
inline void check_h2_frames(H2Frames::Role role, Bytes input) {
  if (input.empty()) return;
  size_t step = 1 + input[0] * size_t{16};
  input = input.subspan(1);
  h2_frames_rules::Connection connection(role);
  if (role == H2Frames::Role::Server) connection.exchange(as_bytes(kH2Preface));
  while (!input.empty() && connection.lives()) {
    size_t size = std::min(step, input.size());
    connection.exchange(input.first(size));
    input = input.subspan(size);
  }
}

}  // namespace sallyport
