// What HTTP/2 clients and backends of the simulation have in common: a connection of nghttp2's,
// which is used in all the ways that RFC 9113 allows.
#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/http_ledger.h"
#include "tests/sim/http_peer.h"
#include "tests/sim/sim_network.h"

namespace sallyport::sim {

/// How a peer gives windows, and what else it says about the connection.
struct H2Habits {
  Habits habits;
  std::vector<uint32_t> windows;  // of streams: at first, and what they are changed to later
  bool waits_for_consent = false; // sends no stream before it knows how many are allowed
  uint32_t late = 0;              // per mille of what was read for which no window is given at once
  Micros late_most{1};
  uint32_t holds = 0;             // per mille of the streams that are not read for a while
  Micros hold_most{1};
  uint32_t pads = 0;              // per mille of frames
  uint32_t pings = 0;             // per mille of pieces read
  uint32_t header_table = 4096;
  uint32_t streams = 100;         // that are allowed at a time

  static H2Habits draw(Random& random, const Faults& faults, bool polite);
};

/// Outlives the run. Thread: the network's.
class H2Peer : public Observer {
 public:
  using MakeChannel = Peer::MakeChannel;

  ~H2Peer() override;
  void on_wake() override;
  bool done() const { return done_; }
  Account::End ended() const { return ended_; }

 protected:
  enum class Role : uint8_t { Client, Server };
  /// A block of fields: a head, or trailers, which have no status and no method.
  struct Block : HttpText {
    std::string value(const char* name) const {
      const std::string* found = find(name);
      return found ? *found : std::string();
    }
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// A body, which comes piece by piece.
  struct Saying {
    uint64_t stream = 0;
    uint64_t length = 0;
    uint64_t stops_at = UINT64_MAX;        // waits there for say_on()
    bool trailers = false;
    uint64_t* sent = nullptr;
    std::function<void()> when_stopped{};  // there
    uint64_t at = 0;
    uint64_t upto = 0;
    uint64_t piece = 1;
  };

  H2Peer(Network& network, HttpLedger& ledger, const H2Habits& habits, MakeChannel make_channel,
         Role role);

  void begin(End& end);
  /// Of what start() begins to say.
  nghttp2_data_provider provider();
  void start(int32_t id, Saying saying);
  void say_on(int32_t id);
  void reset(int32_t id, uint32_t code);
  /// The next bytes of a body, `at` of which have come. False: they are others'.
  static bool continues(uint64_t stream, uint64_t& at, Bytes bytes);
  /// Once everything that waits is on its way: says that no more will come.
  void finish_when_written() { finishes_ = true; }
  void leave();
  void cut();
  /// Something was submitted outside of on_wake().
  void wake();
  void after(Micros delay, std::function<void()> call);
  Micros some_time(uint64_t most) {
    return Micros(static_cast<int64_t>(random_.magnitude(1, most)));
  }
  bool knows_settings() const { return knows_settings_; }

  virtual void on_block(int32_t id, const Block& block, bool end) = 0;
  virtual void on_body(int32_t id, Bytes bytes) = 0;
  virtual void on_stream_end(int32_t id) = 0;
  virtual void on_stream_close(int32_t id, uint32_t error) = 0;
  virtual void on_refused() {}               // a stream more than are allowed
  virtual void on_said_end(int32_t id) = 0;  // of this side of the stream
  virtual void on_said_reset(int32_t, uint32_t) {}
  virtual void on_settings() {}         // the first ones, or others
  virtual void on_goaway(const nghttp2_goaway&) {}
  virtual void on_released(int32_t) {}  // a stream that was held is read again
  virtual void on_end() = 0;            // of what comes; the peer leaves or goes on
  virtual void complain(const std::string& what) = 0;

  Network& network_;
  HttpLedger& ledger_;
  Random random_;
  H2Habits habits_;
  nghttp2_session* session_ = nullptr;
  Account::End ended_ = Account::End::None;
  Writes sent_;  // when the other side wrote what comes now

 private:
  struct Callbacks;
  struct Held {
    size_t bytes = 0;
    bool now = false;
  };

  void say_settings();
  void change_window(size_t which);
  void receive();
  void feed(Bytes bytes);
  void send();
  bool write_some();
  void take(int32_t id, Bytes bytes);
  void give_window(int32_t id, size_t bytes);
  void hold(int32_t id);
  void say_piece(int32_t id);
  ssize_t read_body(int32_t id, uint8_t* into, size_t most, uint32_t* flags);

  MakeChannel make_channel_;
  std::unique_ptr<Channel> channel_;
  Role role_;
  std::map<int32_t, Block> blocks_;
  std::map<int32_t, Saying> sayings_;
  std::map<int32_t, Held> held_;
  std::string outgoing_;
  std::string reason_;  // of nghttp2's, for the last fault that it found
  uint64_t received_ = 0;
  bool knows_settings_ = false;
  bool reading_paused_ = false;
  bool writing_paused_ = false;
  bool rested_ = false;
  bool finishes_ = false;
  bool finished_ = false;
  bool wake_scheduled_ = false;
  bool failed_ = false;
  bool done_ = false;
};

/// For nghttp2, which copies them.
class H2Fields {
 public:
  explicit H2Fields(std::vector<std::pair<std::string, std::string>> fields)
      : fields_(std::move(fields)) {
    for (const auto& [name, value] : fields_) {
      all_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NONE});
    }
  }
  H2Fields(const H2Fields&) = delete;
  H2Fields& operator=(const H2Fields&) = delete;
  const nghttp2_nv* data() const { return all_.data(); }
  size_t size() const { return all_.size(); }

 private:
  static uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<nghttp2_nv> all_;
};

}  // namespace sallyport::sim
