// A non-blocking connection, in the clear or under TLS, with one surface for both.
#pragma once

#include <string>

#include "bench/common/socket.h"
#include "bench/common/tls_context.h"
#include "dataplane/base/bytes.h"

namespace sallyport::bench {

enum class IoStatus : uint8_t {
  Ok,
  WantRead,
  WantWrite,
  End,        // FIN in the clear, close_notify under TLS
  Truncated,  // under TLS: FIN without close_notify
  Reset,
  Failed,  // anything else, a TLS alert among it: error_text() says what
};

struct IoResult {
  IoStatus status = IoStatus::Ok;
  size_t bytes = 0;
};

class Transport {
 public:
  Transport() = default;
  /// In the clear if `ssl` is null. REQUIRES: `fd` is a connected or connecting socket.
  Transport(Fd fd, SslPtr ssl);

  int fd() const { return fd_.get(); }
  /// Null in the clear.
  SSL* ssl() const { return ssl_.get(); }

  /// Ok when done; at once in the clear.
  IoResult handshake();
  IoResult read(MutableBytes into);
  IoResult write(Bytes from);
  /// close_notify, then FIN. Nothing can be written afterwards; reading goes on.
  IoResult close_write();
  /// Whether bytes may be had without the socket becoming readable.
  bool pending() const { return ssl_ && SSL_has_pending(ssl_.get()) != 0; }
  /// What was behind the last Reset or Failed.
  const std::string& error_text() const { return error_text_; }

 private:
  IoResult outcome_of(ssize_t moved);
  IoResult tls_outcome_of(int outcome, size_t moved);

  // The SSL object uses the descriptor until it is freed: it must go first.
  Fd fd_;
  SslPtr ssl_;
  std::string error_text_;
};

}  // namespace sallyport::bench
