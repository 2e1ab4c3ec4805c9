#include "dataplane/io/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"

namespace sallyport {

namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn
constexpr int kAcceptBatch = 64;
constexpr uint64_t kBackoffFirstMs = 5;
constexpr uint64_t kBackoffMostMs = 1000;

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

struct Listener::Impl {
  uv_poll_t poll;
  uv_timer_t pause;
  int descriptor;
  Acceptor* acceptor;
  uint64_t backoff_ms = kBackoffFirstMs;
  int open_handles = 2;

  void start() { uv_poll_start(&poll, UV_READABLE, on_readable); }

  static void on_readable(uv_poll_t* h, int, int) {
    static_cast<Loop*>(h->loop->data)->impl().look_at_clock();
    static_cast<Impl*>(h->data)->accept_batch(kAcceptBatch);
  }

  void accept_batch(int most) {
    for (int i = 0; i < most; ++i) {
      sockaddr_storage storage{};
      socklen_t size = sizeof storage;
      int fd = ::accept4(descriptor, reinterpret_cast<sockaddr*>(&storage), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        backoff_ms = kBackoffFirstMs;
        acceptor->on_accept(fd, Address::from(reinterpret_cast<sockaddr*>(&storage)));
        continue;
      }
      int error = errno;
      if (error == EAGAIN) return;
      if (concerns_the_connection(error)) continue;
      back_off(error);
      return;
    }
  }

  void back_off(int error) {
    acceptor->on_accept_backoff(error);
    uv_poll_stop(&poll);
    uv_timer_start(
        &pause, [](uv_timer_t* h) { static_cast<Impl*>(h->data)->start(); }, backoff_ms, 0);
    backoff_ms = std::min(backoff_ms * 2, kBackoffMostMs);
  }

  static void on_closed(uv_handle_t* h) {
    Impl* impl = static_cast<Impl*>(h->data);
    if (--impl->open_handles == 0) delete impl;
  }
};

Listener::Listener(Loop& loop, int descriptor, Acceptor& acceptor) : impl_(new Impl) {
  impl_->descriptor = descriptor;
  impl_->acceptor = &acceptor;
  impl_->poll.data = impl_->pause.data = impl_;
  CHECK(uv_poll_init(&loop.impl().uv, &impl_->poll, descriptor) == 0);
  CHECK(uv_timer_init(&loop.impl().uv, &impl_->pause) == 0);
  impl_->start();
}

Listener::~Listener() {
  uv_poll_stop(&impl_->poll);
  uv_timer_stop(&impl_->pause);
  // What the kernel has already accepted for us would be reset by closing: take it first.
  impl_->accept_batch(kBacklog);
  uv_timer_stop(&impl_->pause);
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->poll), Impl::on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->pause), Impl::on_closed);
  ::close(impl_->descriptor);
}

}  // namespace sallyport
