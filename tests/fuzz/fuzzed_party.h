// Who talks to the data plane when a whole session is fuzzed: those whose bytes are foreign, and
// those who do as they should and judge what they get.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tls/websocket_accept.h"
#include "dataplane/wire/h2_frames.h"
#include "tests/sim/http_reader.h"
#include "tests/sim/sim_network.h"

namespace sallyport::fuzzed {

[[noreturn]] inline void found(const std::string& what) {
  fprintf(stderr, "ERROR: what the proxy said is wrong: %s\n", what.c_str());
  abort();
}

/// One end of a connection. Outlives the network's last event.
class Party : public sim::Observer {
 public:
  virtual ~Party() = default;

  void call(sim::Network& network, const Address& from, const Address& to) {
    end_ = &network.call(from, to, *this);
  }
  void accept(sim::End& end) {
    end_ = &end;
    end.set_observer(*this);
  }
  void on_wake() override {
    if (!end_ || !end_->held()) return;
    if (!reads() || receive()) send();
  }

 protected:
  virtual void take(Bytes bytes) = 0;
  virtual bool reads() const { return true; }
  /// What there is to be sent now.
  virtual std::string more() { return {}; }
  /// The other side has ended, without a reset.
  virtual void on_end() { end_->close(); }
  bool all_sent() const { return out_.empty(); }
  bool held() const { return end_ && end_->held(); }
  sim::End* end_ = nullptr;

 private:
  // False: the connection is gone.
  bool receive() {
    std::array<uint8_t, 16 * 1024> buffer;
    for (;;) {
      IoResult r = end_->read(buffer);
      if (r.kind == Io::Blocked) return true;
      if (r.kind == Io::Ok) {
        take(Bytes(buffer).first(r.bytes));
        if (!end_->held()) return false;
        continue;
      }
      r.kind == Io::End ? on_end() : end_->close();
      return end_->held();
    }
  }
  void send() {
    out_ += more();
    while (!out_.empty() && end_->held()) {
      IoResult r = end_->write(as_bytes(out_));
      // What had arrived before the end has been read.
      if (r.kind == Io::Failed) return end_->close();
      if (r.kind != Io::Ok) return;
      out_.erase(0, r.bytes);
      if (out_.empty()) out_ = more();
    }
  }

  std::string out_;
};

/// Says what it is given, some bytes at a time, and takes anything.
class Stranger final : public Party {
 public:
  enum class Ending : uint8_t { Stays, Ends, Resets, DoesNotRead };

  Stranger(sim::Network& network, std::string first, Bytes bytes, size_t step, Ending ending)
      : network_(network), piece_(std::move(first)), bytes_(bytes), step_(step), ending_(ending) {
    // No input may take for ever.
    step_ = std::max(step_, bytes.size() / 256 + 1);
  }

 private:
  void take(Bytes) override {}
  bool reads() const override { return ending_ != Ending::DoesNotRead || over_; }
  std::string more() override {
    if (!piece_.empty()) return std::exchange(piece_, {});
    if (!waiting_ && !over_) wait();
    return {};
  }
  void wait() {
    waiting_ = true;
    network_.after(kPause, [this] {
      waiting_ = false;
      if (!held()) return;
      if (bytes_.empty()) return end();
      size_t size = std::min(step_, bytes_.size());
      piece_ = as_text(bytes_.first(size));
      bytes_ = bytes_.subspan(size);
      on_wake();
    });
  }
  void end() {
    if (ending_ == Ending::DoesNotRead) return network_.after(kNotForEver, [this] { let_go(); });
    over_ = true;
    if (ending_ == Ending::Ends) end_->shutdown_write();
    if (ending_ == Ending::Resets) end_->reset();
  }

  // Longer than whatever the proxy waits for.
  void let_go() {
    over_ = true;
    if (held()) end_->close();
  }

  static constexpr Micros kPause{700};
  static constexpr Micros kNotForEver = std::chrono::hours(30);
  sim::Network& network_;
  std::string piece_;
  Bytes bytes_;
  size_t step_;
  Ending ending_;
  bool waiting_ = false;
  bool over_ = false;
};

/// Reads HTTP/1.1 as strictly as it is written.
class H1Party : public Party, protected sim::HttpReader::Sink {
 protected:
  void take(Bytes bytes) override { reader_.feed(bytes); }
  std::string more() override { return std::exchange(to_say_, {}); }
  void on_nonsense(const std::string& what) override { found(what); }
  void on_body(Bytes) override {}

  sim::HttpReader reader_{*this};
  std::string to_say_;
};

/// Answers each request in another way.
class H1Server final : public H1Party {
 public:
  explicit H1Server(uint8_t first) : next_(first) {}

 private:
  using Framing = sim::HttpBody::Framing;

  sim::HttpBody on_head(const sim::HttpText& head) override {
    CHECK(head.third == "HTTP/1.1");
    CHECK(head.find("host") && head.find("x-request-id"));
    method_ = head.first;
    const std::string* upgrade = head.find("upgrade");
    const std::string* key = head.find("sec-websocket-key");
    if (upgrade && key && next_++ % 2 == 0) {
      to_say_ += "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Accept: ";
      to_say_ += std::string(websocket_accept(*key).view()) + "\r\n\r\nhello";
      return {Framing::Tunnel};
    }
    return sim::HttpBody::of(head);
  }
  void on_message_end() override {
    constexpr std::array<const char*, 4> kBodiless{
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"};
    uint8_t n = next_++;
    if (method_ == "HEAD") {
      to_say_ += kBodiless[n % kBodiless.size()];
      return;
    }
    switch (n % 8) {
      case 0:
      case 1: to_say_ += "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"; break;
      case 2:
        to_say_ += "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                   "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";
        break;
      case 3:
        to_say_ += "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
        break;
      case 4: to_say_ += kBodiless[n / 8 % kBodiless.size()]; break;
      case 5:
        to_say_ += "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel";
        cuts_ = true;
        break;
      case 6:
        to_say_ += "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
        cuts_ = true;
        break;
      default: to_say_ += "HTTP/1.1 404 No\r\nX-A: \x80\r\nContent-Length: 0\r\n\r\n"; break;
    }
  }
  std::string more() override {
    if (to_say_.empty() && std::exchange(cuts_, false)) end_->shutdown_write();
    return H1Party::more();
  }

  uint8_t next_;
  bool cuts_ = false;
  std::string method_;
};

/// Asks for all kinds of things, one after the other, on one connection.
class H1Client final : public H1Party {
 public:
  explicit H1Client(size_t first) : next_(first % kRequests.size()) { ask(); }

 private:
  using Framing = sim::HttpBody::Framing;
  struct Request {
    const char* text;
    bool head;
    bool upgrade;
    size_t body;
  };
  static constexpr std::array<Request, 5> kRequests{{
      {"GET /a HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\n\r\n", false, false, 0},
      {"HEAD /a HTTP/1.1\r\nHost: a.test\r\n\r\n", true, false, 0},
      {"POST /a HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
       "X-Sum: 1\r\n\r\n", false, false, 0},
      {"PUT /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 20000\r\n\r\n", false, false, 20'000},
      {"GET /a HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
       false, true, 0},
  }};

  void ask() {
    if (asked_++ == kRequests.size()) return end_->shutdown_write();
    request_ = &kRequests[next_++ % kRequests.size()];
    to_say_ += request_->text + std::string(request_->body, 'x');
  }
  sim::HttpBody on_head(const sim::HttpText& head) override {
    CHECK(head.first == "HTTP/1.1" && head.second.size() == 3);
    int status = std::atoi(head.second.c_str());
    interim_ = status < 200 && status != 101;
    CHECK(status >= 100 && (!interim_ || !head.find("content-length")));
    if (status == 101) {
      CHECK(request_->upgrade);
      to_say_ += "some bytes";
      return {Framing::Tunnel};
    }
    if (const std::string* connection = head.find("connection")) last_ = *connection == "close";
    if (interim_ || request_->head || status == 204 || status == 304) return {};
    sim::HttpBody body = sim::HttpBody::of(head);
    CHECK(body.framing != Framing::None || head.find("content-length"));
    return body;
  }
  void on_message_end() override {
    if (!interim_ && !last_) ask();
  }

  size_t next_;
  size_t asked_ = 0;
  const Request* request_ = nullptr;
  bool interim_ = false;
  bool last_ = false;
};

/// Speaks HTTP/2 by another instance of what reads it, which finds it at fault or not.
class H2Party : public Party, private H2FrameEvents {
 protected:
  class One final : public H2FrameStream {
   public:
    One(H2Party& party, size_t body) : party_(party), left_(body) {}
    void on_field(std::string_view name, std::string_view) override {
      CHECK(!name.empty());
      tunnel_ |= name == ":protocol";
    }
    void on_fields_end(bool end) override {
      ended_ |= end || tunnel_;
      answer();
    }
    void on_data(Bytes data) override { party_.frames_.consumed(id_, data.size()); }
    void on_end() override {
      ended_ = true;
      answer();
    }
    void on_end_sent() override {}
    void on_fault() override { found("a stream has to be reset"); }
    void on_closed(H2Error) override {}
    Supply supply(size_t most) override { return {std::min(most, left_), left_ <= most, false}; }
    void take(MutableBytes into) override {
      std::fill(into.begin(), into.end(), uint8_t{'x'});
      left_ -= into.size();
    }
    std::span<const H2Field> closing_fields() override { return {}; }

    int32_t id_ = 0;
    bool answers_ = false;

   private:
    void answer() {
      if (!answers_ || !ended_) return;
      answers_ = false;
      std::array<H2Field, 1> fields{{{":status", "200"}}};
      party_.frames_.send_response(id_, fields, *this, left_ > 0);
    }

    H2Party& party_;
    size_t left_;
    bool ended_ = false;
    bool tunnel_ = false;
  };

  explicit H2Party(H2Frames::Role role) : frames_(role, settings(role), *this) {}

  void take(Bytes bytes) override {
    frames_.receive(bytes);
    CHECK(frames_.error() == H2Error::None);
    if (!frames_.wants_read() && !frames_.wants_write()) end_->close();
  }
  std::string more() override {
    std::string made(H2Frames::kFrameMost * 2, '\0');
    size_t size = frames_.produce({reinterpret_cast<uint8_t*>(made.data()), made.size()});
    CHECK(frames_.error() == H2Error::None);
    made.resize(size);
    return made;
  }

  std::deque<One> streams_;
  H2Frames frames_;

 private:
  static H2FrameSettings settings(H2Frames::Role role) {
    H2FrameSettings settings;
    settings.connect_protocol = role == H2Frames::Role::Server;
    return settings;
  }
  void on_frame(Kind) override {}
  H2FrameStream* on_stream(int32_t id) override {
    size_t body = streams_.size() % 4 == 3 ? 150'000 : streams_.size() % 4;
    One& one = streams_.emplace_back(*this, body);
    one.id_ = id;
    one.answers_ = true;
    return &one;
  }
  void on_block_begin() override {}
  void on_block_end() override {}
  void on_fault() override { found("what the proxy says has to be reset"); }
  void on_goaway(int32_t, H2Error) override {}
  void on_pong() override {}
  void on_settings() override {}
  void on_data_sent(size_t, bool) override {}
};

class H2Server final : public H2Party {
 public:
  H2Server() : H2Party(H2Frames::Role::Server) {}
};

/// Some requests at once.
class H2Client final : public H2Party {
 public:
  H2Client() : H2Party(H2Frames::Role::Client) {
    for (const char* method : {"GET", "POST", "HEAD", "PUT"}) {
      size_t body = method[0] != 'P' ? 0 : method[1] == 'O' ? 5 : 20'000;
      One& one = streams_.emplace_back(*this, body);
      std::array<H2Field, 4> fields{
          {{":method", method}, {":scheme", "http"}, {":authority", "a.test"}, {":path", "/a"}}};
      one.id_ = frames_.send_request(fields, one, body > 0);
      CHECK(one.id_ > 0);
    }
  }
};

}  // namespace sallyport::fuzzed
