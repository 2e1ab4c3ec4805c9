#include "bench/load/exchange.h"

#include "bench/common/http_message.h"
#include "bench/common/pattern.h"
#include "bench/load/h2_exchange.h"

namespace sallyport::bench {
namespace {

// `size` bytes of the pattern there, the same ones back. Every exchange begins elsewhere in the
// pattern, so that an answer to another exchange, or another connection's, is noticed.
class EchoExchange : public Exchange {
 public:
  explicit EchoExchange(uint64_t size) : size_(size) {}

  void begin() override {
    static thread_local uint64_t next_origin = 0;
    origin_ = next_origin += 7919;
    sent_ = received_ = 0;
  }
  Bytes to_send() override {
    return sent_ == size_ ? Bytes() : pattern_at(origin_ + sent_, size_ - sent_);
  }
  void sent(size_t bytes) override { sent_ += bytes; }
  Step received(Bytes bytes) override {
    if (bytes.size() > size_ - received_) return fail(FailureKind::Mismatch, "more than was sent");
    if (!matches_pattern(origin_ + received_, bytes)) {
      return fail(FailureKind::Mismatch, "other bytes than were sent");
    }
    received_ += bytes.size();
    return received_ == size_ ? Step::Done : Step::More;
  }
  Step end_received() override {
    return fail(FailureKind::EndedEarly, "the peer ended in the middle of an echo");
  }

 private:
  const uint64_t size_;
  uint64_t origin_ = 0, sent_ = 0, received_ = 0;
};

class RequestExchange : public Exchange {
 public:
  RequestExchange(const Options& options, const Host& host)
      : body_(options.body),
        expected_status_(options.expected_status),
        bodyless_(options.method == "HEAD"),
        head_(options.method + " " + options.path + " HTTP/1.1\r\nHost: " +
              (host.name.empty() ? options.target_text : host.name) + "\r\n") {
    for (const std::string& header : options.headers) head_ += header + "\r\n";
    if (body_ > 0) head_ += "Content-Length: " + std::to_string(body_) + "\r\n";
    if (options.new_connections && !options.persistent) head_ += "Connection: close\r\n";
    head_ += "\r\n";
  }

  void begin() override {
    sent_ = 0;
    failure_.reset();
    response_.reset(bodyless_);
  }
  Bytes to_send() override {
    if (sent_ < head_.size()) return as_bytes(std::string_view(head_).substr(sent_));
    const uint64_t of_body = sent_ - head_.size();
    return of_body == body_ ? Bytes() : pattern_at(of_body, body_ - of_body);
  }
  void sent(size_t bytes) override { sent_ += bytes; }
  Step received(Bytes bytes) override {
    const size_t used = response_.feed(bytes);
    if (response_.state() == HttpMessage::State::Bad) {
      return fail(FailureKind::BadResponse, "not an HTTP/1.1 response");
    }
    if (response_.state() != HttpMessage::State::Done) return Step::More;
    if (used < bytes.size()) return fail(FailureKind::BadResponse, "bytes after the response");
    return judge();
  }
  Step end_received() override {
    response_.end_of_stream();
    if (response_.state() == HttpMessage::State::Done) return judge();
    return fail(FailureKind::EndedEarly, response_.untouched()
                                             ? "the peer ended before the response"
                                             : "the peer ended in the middle of a response");
  }
  bool reusable() const override {
    return !response_.last_of_connection() && sent_ == head_.size() + body_;
  }

 private:
  Step judge() {
    const int status = response_.status();
    if (expected_status_ ? status != expected_status_ : status >= 400) {
      failure_ = Failure{FailureKind::BadStatus, "status " + std::to_string(status)};
    }
    return Step::Done;
  }

  const uint64_t body_;
  const int expected_status_;
  const bool bodyless_;
  std::string head_;
  uint64_t sent_ = 0;
  HttpMessage response_{HttpMessage::Kind::Response};
};

// Both directions at once, each ended by a half-close. Done when both have ended.
class DuplexExchange : public Exchange {
 public:
  explicit DuplexExchange(const Options& options)
      : send_(options.size), receive_(options.receive), end_last_(options.end_last) {}

  void begin() override {
    sent_ = received_ = 0;
    ended_ = peer_ended_ = false;
  }
  Bytes to_send() override {
    return sent_ == send_ ? Bytes() : pattern_at(sent_, send_ - sent_);
  }
  void sent(size_t bytes) override { sent_ += bytes; }
  bool wants_end() const override {
    return !ended_ && sent_ == send_ && (peer_ended_ || !end_last_);
  }
  Step end_sent() override {
    ended_ = true;
    return peer_ended_ ? Step::Done : Step::More;
  }
  Step received(Bytes bytes) override {
    if (bytes.size() > receive_ - received_) {
      return fail(FailureKind::Mismatch, "more bytes than expected");
    }
    if (!matches_pattern(received_, bytes)) {
      return fail(FailureKind::Mismatch, "other bytes than expected");
    }
    received_ += bytes.size();
    return Step::More;
  }
  Step end_received() override {
    if (received_ != receive_) {
      return fail(FailureKind::EndedEarly, "ended after " + std::to_string(received_) + " of " +
                                               std::to_string(receive_) + " bytes");
    }
    peer_ended_ = true;
    return ended_ ? Step::Done : Step::More;
  }
  bool reusable() const override { return false; }

 private:
  const uint64_t send_, receive_;
  const bool end_last_;
  uint64_t sent_ = 0, received_ = 0;
  bool ended_ = false, peer_ended_ = false;
};

// Done as soon as the connection stands.
class ConnectExchange : public Exchange {
 public:
  void begin() override {}
  Bytes to_send() override { return {}; }
  void sent(size_t) override {}
  Step all_sent() override { return Step::Done; }
  Step received(Bytes) override {
    return fail(FailureKind::BadResponse, "bytes that nobody asked for");
  }
  Step end_received() override { return Step::Done; }
};

}  // namespace

std::unique_ptr<Exchange> make_exchange(const Options& options, const Host& host) {
  switch (options.kind) {
    case ExchangeKind::Echo: return std::make_unique<EchoExchange>(options.size);
    case ExchangeKind::Request:
      if (options.http2) return make_h2_exchange(options, host);
      return std::make_unique<RequestExchange>(options, host);
    case ExchangeKind::Duplex: return std::make_unique<DuplexExchange>(options);
    case ExchangeKind::Connect: break;
  }
  return std::make_unique<ConnectExchange>();
}

}  // namespace sallyport::bench
