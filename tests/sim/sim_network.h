// A network of one machine, simulated: deterministic on a seed, on a clock of its own.
//
// The code under test is linked against sim_io.cc, which implements dataplane/io/*.h on the
// network that exists at the moment. Peers (peer.h) live in the network, outside of the seam.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tests/sim/byte_queue.h"
#include "tests/sim/connection.h"
#include "tests/sim/faults.h"
#include "tests/sim/random.h"

namespace sallyport::sim {

/// One exists at a time, and a Loop finds it by itself: the headers of the seam have no place to
/// pass it through. It outlives the loop, the sockets and the peers' last event.
class Network {
 public:
  /// The faults are drawn from the seed.
  explicit Network(uint64_t seed);
  Network(uint64_t seed, const Faults& faults);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  /// REQUIRES: one exists.
  static Network& current();

  uint64_t seed() const { return seed_; }
  Instant now() const { return now_; }
  Random& random() { return random_; }
  const Faults& faults() const { return faults_; }

  // For the test.

  /// A peer's listening address; an address that nobody listens on refuses.
  void listen(const Address& at, std::function<void(End&)> on_connection);
  /// Answers nothing, ever.
  void blackhole(const Address& at);
  void refuse(const Address& at);
  /// An address of the code under test. Called on the loop, as dataplane/io/listener.h does.
  void listen_for_loop(const Address& at, std::function<void(int, const Address&)> on_accept);
  /// A peer calls. The end is connected, or has failed, by the first wake.
  End& call(const Address& from, const Address& to, Observer& observer);

  /// An event of the test's or a peer's own.
  void at(Instant when, std::function<void()> call);
  void after(Micros delay, std::function<void()> call) { at(now_ + delay, std::move(call)); }

  /// What makes a run different from another goes in here, and nothing that is random in itself.
  void trace(std::string_view what, uint64_t where, uint64_t how_much);
  uint64_t trace_hash() const { return trace_hash_; }

  /// What must not be, in words: to be called when run() has returned and the code under test has
  /// been destroyed. Empty is good. Descriptors left open, events left over, a run without end.
  std::vector<std::string> problems() const;

  // For sim_io.cc.

  /// The descriptor of a new connection to `to`, or an errno, negative.
  int connect(const Address& to);
  End& end(int descriptor);
  void close(int descriptor, bool reset);
  /// Two descriptors, the first of which knows the pipe's bytes; or false.
  bool make_pipe(int& read_end, int& write_end);
  ByteQueue& pipe(int read_end);
  void close_pipe(int read_end, int write_end);
  static size_t slot_of(int descriptor);

  /// Lets time pass until the loop has something to look at, or until `until`. False when
  /// nothing will ever happen, or when the run was broken off.
  bool sleep(Instant until);
  /// The loop has something to look at that did not come through the network.
  void wake() { woken_ = true; }
  /// Lets time pass while the loop works. False when the run was broken off.
  bool work(Micros duration);
  /// The edges since the last call, in any order, as epoll gives them.
  std::vector<std::pair<int, Edge>> collect_edges();
  /// The connections to accept, each as a call to be made on the loop.
  std::vector<std::function<void()>> collect_accepts() { return std::exchange(accepts_, {}); }

  // For connections.

  uint64_t next_write() { return ++writes_; }
  void look_at(End& end);
  /// Ends the run: something that must not be.
  void break_off(std::string why);
  Micros latency() { return random_.micros(faults_.latency_least, faults_.latency_most); }
  Micros lateness() { return random_.micros(Micros(1), faults_.lateness_most); }

 private:
  struct Event {
    Instant when;
    uint64_t sequence;  // events of one instant happen in the order in which they were made
    std::function<void()> call;
  };
  static bool later(const Event& a, const Event& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  enum class Answer : uint8_t { Refuse, Silence, Peer, Loop };
  struct Listening {
    Address at;
    Answer answer = Answer::Refuse;
    std::function<void(End&)> on_connection;
    std::function<void(int, const Address&)> on_accept;
  };
  struct Descriptor {
    bool open = false;
    End* end = nullptr;                // of a socket
    std::unique_ptr<ByteQueue> bytes;  // of a pipe's read end
  };

  Listening& listening(const Address& at);
  Connection& new_connection(const Address& from, const Address& to);
  void syn_arrives(Connection& connection);
  void establish(Connection& connection);
  int open_descriptor();
  Descriptor& at_descriptor(int descriptor);
  void run_next_event();

  uint64_t seed_;
  Random random_;
  Faults faults_;
  Instant now_;
  uint64_t sequence_ = 0;
  uint64_t events_run_ = 0;
  uint64_t writes_ = 0;
  uint64_t idle_work_ = 0;  // turns of the loop since something happened
  uint64_t trace_hash_ = 0xcbf29ce484222325u;
  std::vector<Event> events_;  // a heap
  std::vector<Listening> listening_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Descriptor> descriptors_;
  std::vector<End*> news_;
  std::vector<std::function<void()>> accepts_;
  bool woken_ = false;
  uint16_t next_port_ = 10'000;
  std::string broken_off_;
};

}  // namespace sallyport::sim
