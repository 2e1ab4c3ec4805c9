#include "bench/common/transport.h"

#include <openssl/err.h>

#include <cerrno>
#include <cstring>

namespace sallyport::bench {

Transport::Transport(Fd fd, SslPtr ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {
  if (ssl_) SSL_set_fd(ssl_.get(), fd_.get());
}

IoResult Transport::handshake() {
  if (!ssl_) return {};
  ERR_clear_error();
  return tls_outcome_of(SSL_do_handshake(ssl_.get()), 0);
}

IoResult Transport::read(MutableBytes into) {
  if (!ssl_) {
    IoResult result = outcome_of(::recv(fd_.get(), into.data(), into.size(), 0));
    if (result.status == IoStatus::WantWrite) result.status = IoStatus::WantRead;
    if (result.status == IoStatus::Ok && result.bytes == 0) result.status = IoStatus::End;
    return result;
  }
  ERR_clear_error();
  size_t moved = 0;
  const int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &moved);
  return tls_outcome_of(outcome, moved);
}

IoResult Transport::write(Bytes from) {
  if (!ssl_) return outcome_of(::send(fd_.get(), from.data(), from.size(), MSG_NOSIGNAL));
  ERR_clear_error();
  size_t moved = 0;
  const int outcome = SSL_write_ex(ssl_.get(), from.data(), from.size(), &moved);
  return tls_outcome_of(outcome, moved);
}

IoResult Transport::close_write() {
  if (ssl_) {
    ERR_clear_error();
    const int outcome = SSL_shutdown(ssl_.get());
    // 0: ours is sent and the peer's has not come, which is all that is wanted here.
    if (outcome < 0) {
      const IoResult result = tls_outcome_of(outcome, 0);
      if (result.status != IoStatus::WantRead) return result;
    }
  }
  if (::shutdown(fd_.get(), SHUT_WR) != 0) return outcome_of(-1);
  return {};
}

IoResult Transport::outcome_of(ssize_t moved) {
  if (moved >= 0) return {IoStatus::Ok, static_cast<size_t>(moved)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoStatus::WantWrite};
  error_text_ = std::strerror(errno);
  const bool reset = errno == ECONNRESET || errno == EPIPE || errno == ENOTCONN;
  return {reset ? IoStatus::Reset : IoStatus::Failed};
}

IoResult Transport::tls_outcome_of(int outcome, size_t moved) {
  if (outcome == 1) return {IoStatus::Ok, moved};
  const int sys = errno;
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ: return {IoStatus::WantRead};
    case SSL_ERROR_WANT_WRITE: return {IoStatus::WantWrite};
    case SSL_ERROR_ZERO_RETURN: return {IoStatus::End};
    case SSL_ERROR_SYSCALL:
      error_text_ = std::strerror(sys);
      return {sys == ECONNRESET || sys == EPIPE ? IoStatus::Reset : IoStatus::Failed};
    default: break;
  }
  const bool cut = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  error_text_ = openssl_error();
  return {cut ? IoStatus::Truncated : IoStatus::Failed};
}

}  // namespace sallyport::bench
