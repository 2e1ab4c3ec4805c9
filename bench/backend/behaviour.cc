#include "bench/backend/behaviour.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "bench/common/http_message.h"
#include "bench/common/pattern.h"

namespace sallyport::bench {
namespace {

constexpr size_t kEchoMax = 256 * 1024;
constexpr size_t kPipelineMax = 64 * 1024;

class EchoBehaviour : public Behaviour {
 public:
  Bytes to_send() override { return as_bytes(std::string_view(waiting_).substr(sent_)); }
  void sent(size_t bytes) override {
    sent_ += bytes;
    if (sent_ < waiting_.size()) return;
    waiting_.clear();
    sent_ = 0;
  }
  bool wants_more() const override { return waiting_.size() < kEchoMax; }
  void received(Bytes bytes) override { waiting_ += as_text(bytes); }
  void ended(const char*) override { ended_ = true; }
  bool wants_end() const override { return ended_; }

 private:
  std::string waiting_;
  size_t sent_ = 0;
  bool ended_ = false;
};

// "/" answers with the size given on the command line, "/N", "/Nk", "/Nm" and "/Ng" with N bytes,
// KiB, MiB or GiB; uploads with how much came.
class HttpBehaviour : public Behaviour {
 public:
  explicit HttpBehaviour(uint64_t size) : size_(size) {}

  Bytes to_send() override {
    if (!out_.empty()) return as_bytes(out_);
    return body_left_ == 0 ? Bytes() : pattern_at(body_size_ - body_left_, body_left_);
  }
  void sent(size_t bytes) override {
    if (!out_.empty()) {
      out_.erase(0, bytes);
    } else {
      body_left_ -= bytes;
    }
    if (to_send().empty() && !pipelined_.empty()) {
      const std::string next = std::move(pipelined_);
      pipelined_.clear();
      received(as_bytes(next));
    }
  }
  bool wants_more() const override { return pipelined_.size() < kPipelineMax; }
  void received(Bytes bytes) override {
    if (!to_send().empty()) {
      pipelined_ += as_text(bytes);
      return;
    }
    const size_t used = request_.feed(bytes);
    if (request_.state() == HttpMessage::State::Bad) return answer("400 Bad Request", "");
    if (request_.state() != HttpMessage::State::Done) return;
    answer_request();
    if (used < bytes.size() && !last_) received(bytes.subspan(used));
  }
  void ended(const char*) override { last_ = true; }
  bool wants_end() const override { return last_; }

 private:
  void answer_request() {
    const bool head = request_.method() == "HEAD";
    if (request_.method() == "GET" || head) {
      if (const std::optional<uint64_t> size = size_of_path()) {
        answer_head("200 OK", *size);
        if (!head) begin_body(*size);
      } else {
        answer("404 Not Found", "ask for /, /1k, /1m\n");
      }
    } else {
      answer("200 OK", "received " + std::to_string(request_.body_bytes()) + "\n");
    }
    last_ = last_ || request_.last_of_connection();
    request_.reset();
  }
  // Its first bytes go with the head, in one write and one record, as servers do it.
  void begin_body(uint64_t size) {
    body_size_ = body_left_ = size;
    if (size == 0) return;
    const Bytes first = pattern_at(0, std::min(size, kBesideHead));
    out_ += as_text(first);
    body_left_ -= first.size();
  }
  std::optional<uint64_t> size_of_path() const {
    std::string_view path(request_.path());
    path = path.substr(0, path.find('?'));
    if (path == "/") return size_;
    uint64_t number = 0;
    const char* begin = path.data() + 1;
    const char* end = path.data() + path.size();
    const auto [rest, error] = std::from_chars(std::min(begin, end), end, number);
    if (error != std::errc()) return {};
    const std::string_view unit(rest, end);
    if (unit.empty()) return number;
    if (unit == "k") return number << 10;
    if (unit == "m") return number << 20;
    if (unit == "g") return number << 30;
    return {};
  }
  void answer(const char* status, const std::string& body) {
    if (*status == '4') last_ = true;
    answer_head(status, body.size());
    out_ += body;
  }
  void answer_head(const char* status, uint64_t length) {
    const bool last = last_ || request_.last_of_connection();
    out_ += std::string("HTTP/1.1 ") + status +
            "\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
            std::to_string(length) + (last ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  }

  static constexpr uint64_t kBesideHead = 8 * 1024;

  const uint64_t size_;
  HttpMessage request_{HttpMessage::Kind::Request};
  std::string out_, pipelined_;
  uint64_t body_size_ = 0, body_left_ = 0;
  bool last_ = false;
};

// Sends so much of the pattern while it receives whatever comes, and tells in the end what came.
// A sink is a source of nothing that lets the peer end first.
class SourceBehaviour : public Behaviour {
 public:
  SourceBehaviour(uint64_t size, bool end_last)
      : size_(size), end_last_(end_last), digest_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
  }

  Bytes to_send() override {
    return sent_ == size_ ? Bytes() : pattern_at(sent_, size_ - sent_);
  }
  void sent(size_t bytes) override { sent_ += bytes; }
  void received(Bytes bytes) override {
    EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size());
    if (matches_ && !matches_pattern(received_, bytes)) matches_ = false;
    received_ += bytes.size();
  }
  void ended(const char* how) override { how_ = how; }
  bool wants_end() const override { return !end_last_ || how_ != nullptr; }
  std::string summary() const override {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(digest_.get(), hash, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
      hex += "0123456789abcdef"[hash[i] >> 4];
      hex += "0123456789abcdef"[hash[i] & 15];
    }
    return "sent " + std::to_string(sent_) + " received " + std::to_string(received_) +
           " sha256 " + hex + " pattern " + (matches_ ? "yes" : "no") + " end " +
           (how_ ? how_ : "none");
  }

 private:
  struct DigestFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const uint64_t size_;
  const bool end_last_;
  std::unique_ptr<EVP_MD_CTX, DigestFree> digest_;
  uint64_t sent_ = 0, received_ = 0;
  bool matches_ = true;
  const char* how_ = nullptr;
};

}  // namespace

std::unique_ptr<Behaviour> make_behaviour(const BehaviourOptions& options) {
  switch (options.mode) {
    case Mode::Echo: return std::make_unique<EchoBehaviour>();
    case Mode::Http: return std::make_unique<HttpBehaviour>(options.size);
    case Mode::Source: return std::make_unique<SourceBehaviour>(options.size, options.end_last);
    case Mode::Sink: break;
  }
  return std::make_unique<SourceBehaviour>(0, true);
}

}  // namespace sallyport::bench
