// One slot of the load: a connection that is opened, carries exchanges, is closed, and opened
// again.
//
//              open             connected          shaken hands
//     Closed ───────► Connecting ───────► Handshaking ───────► Idle ◄──────┐
//       ▲                                     or at once ──► Exchanging ───┘
//       │ failed, from anywhere                                │
//       └──────────────── Closing ◄────────────────────────────┘ close
//
#pragma once

#include <memory>

#include "bench/common/transport.h"
#include "bench/load/exchange.h"
#include "bench/load/options.h"

namespace sallyport::bench {

class Connection;
enum class ConnectionState : uint8_t { Closed, Connecting, Handshaking, Idle, Exchanging, Closing };

/// Hears what becomes of its connections. May start(), close() or open() the connection that it
/// hears of, or any other, at once.
class ConnectionOwner {
 public:
  virtual void opened(Connection& connection) = 0;  // Idle now, or goes on to its exchange
  virtual void exchanged(Connection& connection) = 0;  // Idle now; the exchange's failure() counts
  virtual void closed(Connection& connection, bool clean) = 0;  // Closed now
  /// Closed now; `was` says in which state it failed.
  virtual void failed(Connection& connection, ConnectionState was, const Failure& failure) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// The client's side of TLS to one host, shared by the connections of one thread.
struct Endpoint {
  Host host;
  SocketAddress address;
  SslContextPtr context;  // null: in the clear
  bool resume = false;
  SslSessionPtr session;  // the last one given to us, if we are to resume
};

class Connection {
 public:
  using State = ConnectionState;

  /// REQUIRES: what is passed outlives the connection; `epoll` reports its events to on_ready()
  /// through the pointer in the event's data.
  Connection(const Options& options, Endpoint& endpoint, ConnectionOwner& owner, int epoll,
             MutableBytes scratch);

  State state() const { return state_; }
  Exchange& exchange() { return *exchange_; }

  /// REQUIRES: Closed. With `then_exchange` the exchange begins as soon as the connection stands.
  void open(Clock::time_point now, bool then_exchange);
  /// REQUIRES: Idle.
  void start(Clock::time_point now);
  /// Says goodbye and waits for the peer's. REQUIRES: Idle.
  void close(Clock::time_point now);
  void on_ready(uint32_t events);
  /// Fails what takes longer than it may.
  void check_deadline(Clock::time_point now);

  // For the owner: when this exchange was meant to begin, and what it moved.
  Clock::time_point intended;
  uint64_t bytes_sent = 0, bytes_received = 0;
  /// How long the last opening took.
  std::chrono::nanoseconds opening_time{0};
  Transport& transport() { return transport_; }

 private:
  void connected();
  void shake_hands();
  void stands();
  void send_some();
  void receive_some();
  void take(Exchange::Step step);
  void receive_idle();
  void drain();
  bool end_our_half();
  void failed_io(const IoResult& result);
  void fail(FailureKind kind, std::string text);
  void close_now(bool clean);
  void drop();
  void wait_for_peer(bool room_to_send);
  void watch(uint32_t events);

  const Options& options_;
  Endpoint& endpoint_;
  ConnectionOwner& owner_;
  const int epoll_;
  const MutableBytes scratch_;
  std::unique_ptr<Exchange> exchange_;
  Transport transport_;
  State state_ = State::Closed;
  bool then_exchange_ = false;
  bool end_sent_ = false, end_received_ = false;
  uint32_t watched_ = 0;
  Clock::time_point opened_at_, deadline_;
};

}  // namespace sallyport::bench
