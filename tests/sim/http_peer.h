// What HTTP clients and backends have in common: a connection, and a list of things to say on it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "tests/sim/http_ledger.h"
#include "tests/sim/http_reader.h"
#include "tests/sim/peer.h"
#include "tests/sim/sim_network.h"

namespace sallyport::sim {

/// How a peer goes about it, whatever it has to say.
struct Habits {
  size_t write_most = 1;          // bytes at once
  bool whole_writes = false;      // instead: all that there is to be said
  uint32_t pause = 0;             // per mille, between writes
  Micros pause_most{1};
  uint64_t stops_reading_at = 0;  // bytes received; 0: never
  Micros stops_reading_for{0};
  Micros patience{0};             // after which it cuts

  static Habits draw(Random& random, const Faults& faults, bool polite);
};

/// Outlives the run. Thread: the network's.
class HttpPeer : public Observer, protected HttpReader::Sink {
 public:
  using MakeChannel = Peer::MakeChannel;

  void on_wake() override;
  bool done() const { return done_; }
  const Channel* channel() const { return channel_.get(); }
  const Habits& habits() const { return habits_; }
  /// Bytes of bodies of all kinds that came.
  uint64_t received() const { return received_; }

 protected:
  HttpPeer(Network& network, HttpLedger& ledger, const Habits& habits, MakeChannel make_channel);

  void begin(End& end);

  // The list: done in order, each when the one before it is done.
  void say(std::string bytes);
  void pause(Micros most);
  /// Looked at whenever something has come, and after wake_after().
  void wait_until(std::function<bool()> reached);
  void then(std::function<void()> call);
  void say_end();  // half-closes
  void say_cut();
  /// A part of a body in its framing; with `to` at its length, its end as well.
  void say_body(uint64_t stream, const HttpBody& body, uint64_t from, uint64_t to, uint64_t& sent,
                const std::string& trailers = {});
  /// All of a body in one piece.
  static std::string body_text(uint64_t stream, const HttpBody& body);
  /// All of this side's, its end, and then leaves when the other side has ended too; `patient`:
  /// does not end before it. With `cuts` it cuts instead.
  void say_tunnel(TunnelSide& side, bool patient, bool cuts);
  void check_tunnel(TunnelSide& side, const TunnelSide& other, Bytes bytes);
  bool nothing_to_say() const { return list_.empty(); }
  void say_no_more() { list_.clear(); }
  /// Cuts at some place of what is on the list now, if it comes to that.
  void cut_somewhere();

  void wake_after(Micros delay);
  void leave();
  void cut();

  /// The other side's end. Whoever does not leave has more to say.
  virtual void on_end(Account::End end) = 0;
  /// What was on its way to the other side may be lost by it.
  virtual void on_cut() {}
  /// Something has come. False: it is not looked at.
  virtual bool on_bytes() { return true; }
  /// It reads again after a while in which it did not.
  virtual void on_rested() {}

  Network& network_;
  HttpLedger& ledger_;
  Random random_;
  HttpReader reader_;
  Account::End ended_ = Account::End::None;
  Writes sent_;  // when the other side wrote what comes now

 private:
  struct Item {
    enum class Kind : uint8_t { Bytes, Pause, Wait, Call, End, Cut };
    Kind kind;
    std::string bytes = {};
    size_t taken = 0;
    Micros pause{0};
    std::function<bool()> reached = {};
    std::function<void()> call = {};
  };

  void receive();
  void send();
  bool send_first();
  void hold_on(Micros delay);

  Habits habits_;
  MakeChannel make_channel_;
  std::unique_ptr<Channel> channel_;
  std::deque<Item> list_;
  uint64_t received_ = 0;
  bool reading_paused_ = false;
  bool writing_paused_ = false;
  bool rested_ = false;
  bool done_ = false;
};

}  // namespace sallyport::sim
