#include "dataplane/io/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"
#include "dataplane/io/pipe.h"

namespace sallyport {

namespace {

void send_at_once(int descriptor) {
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Socket::Socket(Loop& loop, Task& owner, int descriptor)
    // Clients speak first, as a rule at once: worth trying to read before there is an edge.
    : loop_(&loop), owner_(&owner), descriptor_(descriptor), readable_(true), writable_(true) {
  loop.impl().add(descriptor, *this, false);
}

Socket Socket::connect(Loop& loop, Task& owner, const Address& to, int& error) {
  error = 0;
  int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
    return {};
  }
  send_at_once(fd);
  if (::connect(fd, to.raw(), to.raw_size()) < 0 && errno != EINPROGRESS) {
    error = errno;
    ::close(fd);
    return {};
  }
  Socket s;
  s.loop_ = &loop;
  s.owner_ = &owner;
  s.descriptor_ = fd;
  s.watches_writing_ = true;  // the kernel's first edge says that it is connected
  loop.impl().add(fd, s, true);
  return s;
}

Socket::Socket(Socket&& other) noexcept { *this = std::move(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  loop_ = other.loop_;
  owner_ = other.owner_;
  descriptor_ = std::exchange(other.descriptor_, -1);
  readable_ = other.readable_;
  writable_ = other.writable_;
  watches_writing_ = other.watches_writing_;
  has_kernel_tls_ = other.has_kernel_tls_;
  ended_ = other.ended_;
  if (open()) loop_->impl().moved(descriptor_, this);
  return *this;
}

void Socket::on_edge(bool readable, bool writable, bool ended) {
  readable_ |= readable;
  writable_ |= writable;
  ended_ |= ended;
  loop_->post(*owner_);
}

int Socket::connect_result() {
  if (!ended_) return writable_ ? 0 : EINPROGRESS;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

IoResult Socket::read(MutableBytes into) {
  DCHECK(open() && !into.empty());
  if (!readable_) return {Io::Blocked};
  for (;;) {
    ssize_t n = ::recv(descriptor_, into.data(), into.size(), 0);
    if (n > 0) {
      // Less than asked for: the queue is empty, and what comes later makes an edge (epoll(7)).
      // But the edge of a FIN that came before may already have been given.
      if (static_cast<size_t>(n) < into.size() && !ended_) readable_ = false;
      return {Io::Ok, static_cast<size_t>(n)};
    }
    if (n == 0) return {Io::End};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      readable_ = false;
      return {Io::Blocked};
    }
    return {Io::Failed, 0, errno};
  }
}

void Socket::not_writable() {
  writable_ = false;
  if (std::exchange(watches_writing_, true)) return;
  loop_->impl().watch_writing(descriptor_);
}

IoResult Socket::write(Bytes from, bool more) {
  DCHECK(open() && !from.empty());
  if (!writable_) return {Io::Blocked};
  for (;;) {
    ssize_t n = ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (n >= 0) {
      if (static_cast<size_t>(n) < from.size()) not_writable();
      return {Io::Ok, static_cast<size_t>(n)};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      not_writable();
      return {Io::Blocked};
    }
    return {Io::Failed, 0, errno};
  }
}

void Socket::push() {
  if (open()) send_at_once(descriptor_);
}

int Socket::use_kernel_tls(int direction, Bytes parameters) {
  if (!has_kernel_tls_) {
    if (setsockopt(descriptor_, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") < 0) return errno;
    has_kernel_tls_ = true;
  }
  auto size = static_cast<socklen_t>(parameters.size());
  return setsockopt(descriptor_, SOL_TLS, direction, parameters.data(), size) < 0 ? errno : 0;
}

int Socket::encrypt_writes(Bytes parameters) { return use_kernel_tls(TLS_TX, parameters); }

int Socket::decrypt_reads(Bytes parameters) {
  int error = use_kernel_tls(TLS_RX, parameters);
  // What has come already, no edge will announce again.
  if (error == 0) readable_ = true;
  return error;
}

IoResult Socket::read_record(MutableBytes into, uint8_t& type) {
  DCHECK(open() && !into.empty());
  if (!readable_) return {Io::Blocked};
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof type)];
  for (;;) {
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    // That fewer came than asked for does not mean that there are no more: a call ends with a
    // record. So readable_ stays until the kernel says otherwise.
    ssize_t n = ::recvmsg(descriptor_, &message, 0);
    if (n >= 0) {
      const cmsghdr* header = CMSG_FIRSTHDR(&message);
      bool told = header && header->cmsg_level == SOL_TLS &&
                  header->cmsg_type == TLS_GET_RECORD_TYPE;
      // A record always says of which type it is; the end of the transport says nothing.
      if (!told) return n == 0 ? IoResult{Io::End} : IoResult{Io::Failed, 0, EBADMSG};
      type = *CMSG_DATA(header);
      return {Io::Ok, static_cast<size_t>(n)};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      readable_ = false;
      return {Io::Blocked};
    }
    return {Io::Failed, 0, errno};
  }
}

IoResult Socket::write_record(uint8_t type, Bytes content) {
  DCHECK(open() && !content.empty());
  if (!writable_) return {Io::Blocked};
  iovec part{const_cast<uint8_t*>(content.data()), content.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof type)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(sizeof type);
  *CMSG_DATA(header) = type;
  for (;;) {
    ssize_t n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(content.size())) return {Io::Ok, content.size()};
    // The kernel copies a record of one page or less whole or not at all.
    if (n >= 0) return {Io::Failed, 0, EMSGSIZE};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      not_writable();
      return {Io::Blocked};
    }
    return {Io::Failed, 0, errno};
  }
}

IoResult Socket::splice_into(Pipe& pipe, size_t most) {
  // Only into an empty pipe, so that EAGAIN can have but one meaning: nothing to read.
  DCHECK(open() && pipe.pending() == 0);
  if (!readable_) return {Io::Blocked};
  for (;;) {
    ssize_t n = ::splice(descriptor_, nullptr, pipe.write_end_, nullptr, most,
                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
      pipe.pending_ += static_cast<size_t>(n);
      return {Io::Ok, static_cast<size_t>(n)};
    }
    if (n == 0) return {Io::End};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      readable_ = false;
      return {Io::Blocked};
    }
    return {Io::Failed, 0, errno};
  }
}

IoResult Socket::splice_from(Pipe& pipe) {
  DCHECK(open() && pipe.pending() > 0);
  if (!writable_) return {Io::Blocked};
  for (;;) {
    ssize_t n = ::splice(pipe.read_end_, nullptr, descriptor_, nullptr, pipe.pending_,
                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
      pipe.pending_ -= static_cast<size_t>(n);
      return {Io::Ok, static_cast<size_t>(n)};
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      not_writable();
      return {Io::Blocked};
    }
    return {Io::Failed, 0, n < 0 ? errno : EPIPE};
  }
}

void Socket::shutdown_write() {
  if (open()) ::shutdown(descriptor_, SHUT_WR);
}

void Socket::close() {
  if (!open()) return;
  loop_->impl().moved(descriptor_, nullptr);
  ::close(std::exchange(descriptor_, -1));  // leaves the epoll set by itself
}

namespace {

void linger_not(int descriptor) {
  linger at_once{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

void Socket::reset() {
  if (!open()) return;
  linger_not(descriptor_);
  close();
}

void Socket::refuse(int descriptor) {
  linger_not(descriptor);
  ::close(descriptor);
}

size_t Socket::unacknowledged() const {
  int bytes = 0;
  if (!open() || ioctl(descriptor_, SIOCOUTQ, &bytes) < 0 || bytes < 0) return 0;
  return static_cast<size_t>(bytes);
}

Address Socket::local_address() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (!open() || getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &size) < 0)
    return {};
  return Address::from(reinterpret_cast<sockaddr*>(&storage));
}

}  // namespace sallyport
