// Clients and backends: each follows a script and keeps account of what it sent and got.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tests/sim/channel.h"
#include "tests/sim/connection.h"
#include "tests/sim/faults.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_network.h"

namespace sallyport::sim {

/// What a peer sends: eight bytes of the stream's id, then bytes that follow from id and position.
/// So a receiver knows, without having the stream, whose it is and whether a byte is right.
struct Pattern {
  static constexpr uint64_t kHead = 8;
  static uint8_t at(uint64_t stream, uint64_t position);
};

struct Script {
  enum class Ending : uint8_t {
    AfterSending,  // half-closes when all is sent
    AfterPeer,     // when the other side has, too
    Cut,           // cuts after `cut_after` bytes
    Never,         // sends all, and waits to be cut
  };

  uint64_t send = 0;              // 0, or at least Pattern::kHead
  size_t chunk_most = 1;
  uint32_t pause = 0;             // per mille, between chunks
  Micros pause_most{1};
  Ending ending = Ending::AfterSending;
  uint64_t cut_after = 0;
  uint64_t stops_reading_at = 0;  // bytes received; 0: never
  Micros stops_reading_for{0};
  Micros patience{0};             // after which it cuts

  /// Does everything right, if at random: a run of such peers without losses has to end cleanly.
  static Script draw_polite(Random& random, const Faults& faults);
  static Script draw(Random& random, const Faults& faults);
};

/// What came of it.
struct Account {
  enum class End : uint8_t { None, Clean, Cut };

  uint64_t stream = 0;      // what was sent
  uint64_t sent = 0;
  bool finished = false;    // all was sent, and the end of it said
  bool gave_up = false;     // the patience has passed
  uint64_t from = 0;        // what was received: the stream's id, once its head is there
  uint64_t received = 0;
  bool mismatch = false;    // a byte was not what the stream has at its place
  End ended = End::None;    // how the other side's bytes ended
  std::string describe() const;
};

/// Outlives the run. Thread: the network's.
class Peer final : public Observer {
 public:
  using MakeChannel = std::function<std::unique_ptr<Channel>(End&, Observer&)>;
  static std::unique_ptr<Channel> plain(End& end, Observer&);

  Peer(Network& network, const Script& script, MakeChannel make_channel);

  /// A client: calls `to` after `delay`.
  void call(const Address& from, const Address& to, Micros delay);
  /// A backend: takes a connection that came in.
  void accept(End& end);

  void on_wake() override;

  const Script& script() const { return script_; }
  const Account& account() const { return account_; }
  bool done() const { return done_; }
  /// Null before the connection was made.
  const Channel* channel() const { return channel_.get(); }
  const Address& address() const { return address_; }  // its own side

 private:
  void begin(End& end);
  void receive();
  void check(Bytes got);
  void send();
  void leave_if_lost();
  void leave();
  void cut();

  Network& network_;
  Random random_;
  Script script_;
  MakeChannel make_channel_;
  std::unique_ptr<Channel> channel_;
  Account account_;
  Address address_;
  uint8_t head_[Pattern::kHead] = {};
  bool reading_paused_ = false;
  bool writing_paused_ = false;
  bool rested_ = false;  // the pause in reading is over
  bool done_ = false;
};

/// Backends: one peer per connection, each with a script of its own.
class Backend {
 public:
  using MakeScript = std::function<Script()>;

  Backend(Network& network, const Address& at, MakeScript make_script,
          Peer::MakeChannel make_channel);

  const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }

 private:
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace sallyport::sim
