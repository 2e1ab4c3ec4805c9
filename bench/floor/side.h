// One end of a relayed pair: a socket, in the clear or under TLS, that remembers whether the kernel
// has something to give, so that no read is made that would only say "not yet".
#pragma once

#include <memory>

#include "bench/common/socket.h"
#include "bench/common/tls_context.h"
#include "dataplane/base/bytes.h"

namespace sallyport::bench {

enum class Flow : uint8_t { Moved, Blocked, Ended, Broken };

struct Pair;

class Side {
 public:
  /// REQUIRES: `fd` is non-blocking. `context` null: in the clear. `name` is verified if not empty.
  Side(Pair& owner, Fd fd, SSL_CTX* context, bool server, const char* name);
  Side(const Side&) = delete;

  Pair& owner() const { return *owner_; }
  void adopt(Pair& owner) { owner_ = &owner; }
  int fd() const { return fd_.get(); }
  void ready(uint32_t events);

  Flow shake_hands();
  /// As much as there is, at most `into`; `moved` may be 0 only when not Moved.
  Flow read(MutableBytes into, size_t& moved);
  Flow write(Bytes from, size_t& moved);
  bool shaken() const { return shaken_; }
  bool readable() const { return readable_ || (ssl_ && SSL_has_pending(ssl_.get()) == 1); }
  bool plain() const { return ssl_ == nullptr; }
  /// For splicing, which reads past this object.
  void drained() { readable_ = false; }
  bool hung_up() const { return hung_up_; }

 private:
  friend struct SideBio;
  Flow flow_of(int outcome);

  Pair* owner_;
  Fd fd_;
  SslPtr ssl_;
  bool readable_ = false, hung_up_ = false, shaken_ = false;
};

}  // namespace sallyport::bench
