// A simulated TCP connection: two ends and a direction of bytes between them each way.
#pragma once

#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/io/socket.h"
#include "tests/sim/byte_queue.h"
#include "tests/sim/write_order.h"

namespace sallyport::sim {

class Connection;
class End;
class Network;

/// What epoll says of a socket, in the three words that Socket::on_edge takes.
struct Edge {
  bool readable = false;
  bool writable = false;
  bool ended = false;

  bool any() const { return readable || writable || ended; }
  Edge operator|(Edge o) const {
    return {readable || o.readable, writable || o.writable, ended || o.ended};
  }
  Edge operator&(Edge o) const {
    return {readable && o.readable, writable && o.writable, ended && o.ended};
  }
};

/// A peer that holds an end. It is woken when reading or writing may be possible again, and then
/// tries both.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_wake() = 0;
};

/// Bytes of one direction:
///
///     writer ─► sent (buffer and flight) ─ segments, latency ─► arrived ─► reader
///
/// FIN follows the last byte. RST destroys what is in `sent`, or comes after it: both happen.
struct Direction {
  End* writer = nullptr;
  End* reader = nullptr;
  ByteQueue sent;
  ByteQueue arrived;
  WriteOrder order;
  uint64_t taken = 0;      // by the reader
  size_t held_back = 0;    // of `sent`, its last
  Instant held_since{};
  bool fin_sent = false;
  bool fin_on_its_way = false;
  bool fin_arrived = false;
  bool moving = false;     // an arrival is scheduled
  bool full = false;       // it waits for the reader to make room
  Instant not_before{};    // nothing arrives before this, so that everything keeps its order
};

/// One end of a connection, with the semantics of a non-blocking Linux socket. Held either by the
/// code under test, through a descriptor, or by a peer.
///
/// After a RST, as on Linux: what had arrived can still be read, the error is told once, by
/// whichever call asks first, and after that reading says End and writing EPIPE.
class End {
 public:
  End(Connection& connection, Network& network) : connection_(connection), network_(network) {}
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  /// REQUIRES of these: held().
  IoResult read(MutableBytes into);
  /// With `more` the end of it stays behind until the next write or push(). A kernel would send it
  /// after 200 ms: whoever lets it come to that has broken the run.
  IoResult write(Bytes from, bool more = false);
  void push();
  IoResult splice_into(ByteQueue& pipe, size_t most);
  IoResult splice_from(ByteQueue& pipe);
  void shutdown_write();
  /// FIN after what was written; or RST, if something was not read. What comes in later is
  /// answered by RST, and what was not delivered by then is lost.
  void close();
  void reset();
  /// SO_ERROR: tells the error and forgets it.
  int take_error();
  /// The writer's FIN has arrived: an End that read() gives then is no consequence of a RST.
  bool fin_arrived() const { return in_->fin_arrived; }

  /// Bytes read so far.
  uint64_t taken() const { return in_->taken; }
  /// Which writes the bytes between two positions of what was read came with.
  /// REQUIRES: from < to <= taken().
  Writes writes_of(uint64_t from, uint64_t to) const { return in_->order.of(from, to); }

  /// Written, and not there yet.
  size_t unacknowledged() const { return out_->sent.size(); }

  bool held() const { return held_; }
  bool connecting() const { return connecting_; }
  const Address& local() const { return local_; }
  const Address& remote() const { return remote_; }

  /// The peer's, which has to outlive the connection's last event.
  void set_observer(Observer& observer);

  /// For the descriptor table and the loop.
  int descriptor() const { return descriptor_; }
  void set_descriptor(int descriptor) { descriptor_ = descriptor; }
  void watch();                 // registered with the loop: what is true now makes an edge
  Edge collect_news();          // what the loop is told; nothing, if it is no longer true

 private:
  friend class Connection;
  friend class Network;

  enum class Calls : uint8_t { Copy, Splice };
  IoResult take(MutableBytes into, Calls calls);
  IoResult give(Bytes from, Calls calls, bool more = false);
  bool faulty() const { return descriptor_ >= 0; }
  bool strikes(uint32_t per_mille) const;
  size_t room() const;
  Edge state() const;
  void notify(Edge news);
  void remind(Edge news);       // notify, some time later
  void maybe_spurious();
  void let_go();
  void made_room();
  void let_held_back_go();
  void connected();
  void die(int error);          // a RST has arrived, or connecting has failed

  Connection& connection_;
  Network& network_;
  Direction* in_ = nullptr;
  Direction* out_ = nullptr;
  Address local_;
  Address remote_;
  Observer* observer_ = nullptr;
  int descriptor_ = -1;
  bool watched_ = false;
  bool held_ = false;           // someone has it open
  bool connecting_ = false;
  bool write_shut_ = false;
  bool dead_ = false;           // TCP_CLOSE: no bytes in either direction any more
  bool wants_room_ = false;     // a write was refused or cut short: room makes an edge
  bool wake_scheduled_ = false;
  bool queued_ = false;         // among those which the loop has to look at
  int error_ = 0;
  Edge news_;
  Edge spurious_;
};

class Connection {
 public:
  Connection(Network& network, uint64_t number);

  End& caller() { return caller_; }
  End& callee() { return callee_; }
  uint64_t number() const { return number_; }

  /// Something on the way cuts it: RST to both.
  void cut();

 private:
  friend class End;
  friend class Network;

  void move(Direction& d, Micros delay);
  void arrive(Direction& d);
  void land(Direction& d);      // what is under way arrives, though its writer is gone
  void send_fin(Direction& d);
  void send_reset(End& to);
  bool ended_by_both() const { return there_.fin_arrived && back_.fin_arrived; }

  Network& network_;
  uint64_t number_;
  bool severed_ = false;  // nothing more gets through
  Direction there_;  // caller to callee
  Direction back_;
  End caller_;
  End callee_;
};

}  // namespace sallyport::sim
