#include "bench/floor/side.h"

#include <openssl/err.h>
#include <sys/epoll.h>

#include <cerrno>

namespace sallyport::bench {

// OpenSSL reads and writes through this: a read that took less than there was room for has emptied
// the socket, and the next one waits for its event instead of asking the kernel.
struct SideBio {
  static int read(BIO* bio, char* into, int room) {
    Side& side = *static_cast<Side*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (!side.readable_) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const ssize_t count = ::recv(side.fd(), into, static_cast<size_t>(room), 0);
    if (count < room && !side.hung_up_) side.readable_ = false;
    if (count < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return static_cast<int>(count);
  }
  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const int fd = static_cast<Side*>(BIO_get_data(bio))->fd();
    const ssize_t count = ::send(fd, from, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
    return static_cast<int>(count);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "side");
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return made;
  }
};

Side::Side(Pair& owner, Fd fd, SSL_CTX* context, bool server, const char* name)
    : owner_(&owner), fd_(std::move(fd)), shaken_(context == nullptr) {
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  BIO* const bio = BIO_new(SideBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  if (*name == '\0') return;
  SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(name));
  SSL_set1_host(ssl_.get(), name);
}

void Side::ready(uint32_t events) {
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
}

Flow Side::shake_hands() {
  if (shaken_) return Flow::Moved;
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome != 1) return flow_of(outcome);
  shaken_ = true;
  return Flow::Moved;
}

Flow Side::read(MutableBytes into, size_t& moved) {
  moved = 0;
  if (!ssl_) {
    if (!readable_) return Flow::Blocked;
    const ssize_t count = ::recv(fd(), into.data(), into.size(), 0);
    if (count < static_cast<ssize_t>(into.size()) && !hung_up_) readable_ = false;
    if (count > 0) moved = static_cast<size_t>(count);
    if (count >= 0) return count == 0 ? Flow::Ended : Flow::Moved;
    if (errno == EAGAIN) readable_ = false;
    return errno == EAGAIN ? Flow::Blocked : Flow::Broken;
  }
  // Several records at a time, as far as they are there: one write for all of them.
  ERR_clear_error();
  while (moved < into.size()) {
    size_t count = 0;
    const int outcome =
        SSL_read_ex(ssl_.get(), into.data() + moved, into.size() - moved, &count);
    if (outcome != 1) return moved > 0 ? Flow::Moved : flow_of(outcome);
    moved += count;
  }
  return Flow::Moved;
}

Flow Side::write(Bytes from, size_t& moved) {
  moved = 0;
  if (!ssl_) {
    const ssize_t count = ::send(fd(), from.data(), from.size(), MSG_NOSIGNAL);
    if (count >= 0) moved = static_cast<size_t>(count);
    if (count >= 0) return Flow::Moved;
    return errno == EAGAIN ? Flow::Blocked : Flow::Broken;
  }
  ERR_clear_error();
  const int outcome = SSL_write_ex(ssl_.get(), from.data(), from.size(), &moved);
  return outcome == 1 ? Flow::Moved : flow_of(outcome);
}

Flow Side::flow_of(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Flow::Blocked;
    case SSL_ERROR_ZERO_RETURN: return Flow::Ended;
    default: return Flow::Broken;
  }
}

}  // namespace sallyport::bench
