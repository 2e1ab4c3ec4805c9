// A non-blocking TCP socket in a loop's edge-triggered set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/io/loop.h"

namespace sallyport {

class Pipe;

enum class Io : uint8_t {
  Ok,       // `bytes` > 0 were moved
  Blocked,  // nothing to be had now; the owner is posted when that may have changed
  End,      // reading only: the peer has ended its direction
  Failed,   // `error` says why, as errno does; the socket is of no further use
};

struct IoResult {
  Io kind;
  size_t bytes = 0;
  int error = 0;
};

/// Owns its descriptor. Registered edge-triggered, for reading, and from the first write that did
/// not go whole for writing too: the kernel's edges set readable() and writable(), a call that
/// could not move all it was asked to clears them, and while they are false no system call is made.
/// An edge posts the owner. A spurious edge is harmless; a missed one cannot be, so flags are
/// cleared only by what the kernel said.
/// Thread: the loop's.
class Socket {
 public:
  Socket() = default;  // closed
  /// Takes over an accepted, non-blocking descriptor.
  Socket(Loop& loop, Task& owner, int descriptor);
  /// Begins to connect. On an immediate failure the result is not open() and `error` is set.
  static Socket connect(Loop& loop, Task& owner, const Address& to, int& error);
  /// Closes an accepted descriptor that is not wanted, by a reset: no state stays behind.
  static void refuse(int descriptor);
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  /// The next read asks the kernel, though no edge has said that there is something.
  void expect_news() { readable_ = true; }
  void set_owner(Task& owner) { owner_ = &owner; }
  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  /// Whether an edge has told that the peer sends no more than what is still to be read.
  bool ended() const { return ended_; }

  /// After connect(): 0 when connected, EINPROGRESS while not, else why it failed.
  int connect_result();

  IoResult read(MutableBytes into);
  /// `more`: as much again follows within moments, so that the kernel may hold back what does not
  /// fill a segment (send(2), MSG_MORE). Whoever says so calls push() when it does not follow.
  IoResult write(Bytes from, bool more = false);
  /// Sends what the kernel holds back (tcp(7), TCP_NODELAY: setting it flushes).
  void push();
  /// Moves up to `most` bytes between the socket and a pipe inside the kernel.
  IoResult splice_into(Pipe& pipe, size_t most);
  IoResult splice_from(Pipe& pipe);

  /// From here on the kernel encrypts what is written, as records of TLS; `parameters` are the keys
  /// as linux/tls.h lays them out. 0, or errno: it will not, and nothing has changed; ENOENT: it
  /// has no TLS.
  int encrypt_writes(Bytes parameters);
  /// The same for what is received. Then read() must not be used any more: it cannot tell data from
  /// what else TLS says; and splice_into() fails with EINVAL at a record of another type than data,
  /// and calls an empty one the end. REQUIRES: what was encrypted with these keys is still unread.
  int decrypt_reads(Bytes parameters);
  /// Bytes of one record's type, of which there may be more records than one. Ok may have no bytes:
  /// an empty record. REQUIRES: decrypt_reads() was 0.
  IoResult read_record(MutableBytes into, uint8_t& type);
  /// A record of another type than data: alerts, messages of the handshake. Goes whole, or Blocked.
  /// REQUIRES: encrypt_writes() was 0.
  IoResult write_record(uint8_t type, Bytes content);

  /// Ends our direction (FIN after what was written); reading goes on.
  void shutdown_write();
  /// Orderly: what was written is still delivered, unless unread bytes make the kernel reset.
  void close();
  /// RST: the peer learns that the stream was cut.
  void reset();

  /// Bytes that the peer has not acknowledged. A system call, for deadlines: a slow reader makes
  /// no edge for a long time while the kernel's buffer drains.
  size_t unacknowledged() const;

  /// A system call; for PROXY headers and logs, once per connection at most.
  Address local_address() const;

  /// Called by the loop for an edge.
  void on_edge(bool readable, bool writable, bool ended);

 private:
  void not_writable();
  int use_kernel_tls(int direction, Bytes parameters);

  Loop* loop_ = nullptr;
  Task* owner_ = nullptr;
  int descriptor_ = -1;
  bool readable_ = false;
  bool writable_ = false;
  bool watches_writing_ = false;
  bool has_kernel_tls_ = false;
  bool ended_ = false;  // the peer has ended or failed: the next read must be tried, whatever the
                        // last one said
};

}  // namespace sallyport
