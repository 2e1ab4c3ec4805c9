#include "dataplane/io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"

namespace sallyport {

namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn
constexpr rlim_t kReserve = 8;  // descriptors kept for the backends of those who are let in
constexpr Millis kBackoffFirst{5};
constexpr Millis kBackoffMost{1000};

// Errors of the one connection, not of the listener: accept(2) wants these tried again.
bool concerns_the_connection(int error) {
  switch (error) {
    case EINTR: case ECONNABORTED: case EPROTO: case ENETDOWN: case ENOPROTOOPT: case EHOSTDOWN:
    case ENONET: case EHOSTUNREACH: case EOPNOTSUPP: case ENETUNREACH: case EPERM:
      return true;
    default:
      return false;
  }
}

Result<int> bind_and_listen(const Address& address, bool any, PortSharing sharing) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1, off = 0;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (sharing == PortSharing::Exclusive ||
       setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
      // Accepted sockets inherit it.
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
      (address.is_v4() ||
       setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof on) == 0) &&
      ::bind(fd, address.raw(), address.raw_size()) == 0 && ::listen(fd, kBacklog) == 0) {
    return fd;
  }
  int error = errno;
  if (fd >= 0) ::close(fd);
  return Error{"cannot listen on " + address.text() + ": " + strerror(error)};
}

}  // namespace

Result<int> listen_on(const Address& address, bool any, PortSharing sharing) {
  if (!any) return bind_and_listen(address, false, sharing);
  uint8_t unspecified[16] = {};
  Result<int> both = bind_and_listen(Address::v6(unspecified, address.port()), true, sharing);
  if (both) return both;
  Result<int> four = bind_and_listen(Address::v4(0, address.port()), true, sharing);
  return four ? four : both;
}

Address bound_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return {};
  return Address::from(reinterpret_cast<sockaddr*>(&storage));
}

struct Listener::Impl final : Listening, Task {
  Impl(Loop& l, int d, Acceptor& a)
      : loop(l), descriptor(d), acceptor(a), pause(l.deadlines(), *this) {
    listen();
  }

  Loop& loop;
  int descriptor;
  Acceptor& acceptor;
  Deadline pause;
  Millis backoff = kBackoffFirst;
  bool listening = false;
  rlim_t known_limit = 0;
  bool low = false;  // the last client took one of the last descriptors

  void listen() {
    listening = true;
    loop.impl().add(descriptor, *this);
  }

  // A client needs a second descriptor, towards its backend. One that was let in with the last
  // would be cut, and so would the next in its place: so they wait in the kernel's queue instead.
  bool scarce(int with) {
    rlim_t needed = static_cast<rlim_t>(with) + kReserve;
    if (needed < known_limit) return false;
    // Somebody may have raised it since it was looked at.
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return false;
    known_limit = limit.rlim_cur;
    return needed >= known_limit;
  }

  // The kernel gives out the lowest number that is free.
  bool still_scarce() {
    int probe = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (probe >= 0) ::close(probe);
    return probe < 0 || scarce(probe);
  }

  // One client an event: the set is level-triggered and will say so if there are more, and those
  // who are here already get their turns in between.
  void on_clients() override { accept_one(); }

  // The pause is over.
  void turn() override {
    if (pause.expired() && !listening) listen();
  }

  // False: there is nobody, or nobody can be let in now.
  bool accept_one() {
    if (low && still_scarce()) {
      back_off(EMFILE);
      return false;
    }
    for (;;) {
      sockaddr_storage storage{};
      socklen_t size = sizeof storage;
      auto* raw = reinterpret_cast<sockaddr*>(&storage);
      int fd = ::accept4(descriptor, raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        low = scarce(fd);
        if (!low) backoff = kBackoffFirst;
        acceptor.on_accept(fd, Address::from(raw));
        return true;
      }
      int error = errno;
      if (concerns_the_connection(error)) continue;
      if (error != EAGAIN) back_off(error);
      return false;
    }
  }

  void back_off(int error) {
    acceptor.on_accept_backoff(error);
    if (!std::exchange(listening, false)) return;
    loop.impl().remove(descriptor);
    pause.arm(loop.now() + backoff);
    backoff = std::min(backoff * 2, kBackoffMost);
  }
};

Listener::Listener(Loop& loop, int descriptor, Acceptor& acceptor)
    : impl_(std::make_unique<Impl>(loop, descriptor, acceptor)) {}

Listener::~Listener() {
  // What the kernel has already accepted for us would be reset by closing: take it first.
  for (int i = 0; i < kBacklog && impl_->accept_one(); ++i) continue;
  if (impl_->listening) impl_->loop.impl().remove(impl_->descriptor);
  ::close(impl_->descriptor);
}

}  // namespace sallyport
