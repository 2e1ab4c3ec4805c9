// A listening socket of one worker.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"
#include "dataplane/io/loop.h"

namespace sallyport {

/// Called on the listener's loop for each connection, which the callee then owns (non-blocking,
/// close-on-exec, TCP_NODELAY).
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  virtual void on_accept(int descriptor, const Address& peer) = 0;
  /// Descriptors or memory ran out: accepting pauses and is tried again by itself.
  virtual void on_accept_backoff(int error) = 0;
};

enum class PortSharing : uint8_t {
  Workers,    // SO_REUSEPORT: each worker has a socket of its own, the kernel deals clients round
  Exclusive,  // whoever comes second is told that the address is in use
};

/// Binds and listens, non-blocking. `any` takes IPv6 and IPv4 (falling back to
/// IPv4 where the machine has no IPv6). Port 0 takes a free one; see bound_address().
Result<int> listen_on(const Address& address, bool any, PortSharing sharing);
Address bound_address(int descriptor);

/// Accepts while it exists. When descriptors run out it stops for 5 ms, doubling up to
/// 1 s, and goes on by itself: the kernel's queue keeps the clients meanwhile.
class Listener {
 public:
  /// Takes over `descriptor` from listen_on(). REQUIRES: loop and acceptor outlive this.
  Listener(Loop& loop, int descriptor, Acceptor& acceptor);
  /// Accepts what is queued, hands it on, and closes the socket.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport
