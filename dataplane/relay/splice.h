// Bytes from one stream to another inside the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "dataplane/io/pipe.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

/// Holds a pipe while bytes are in it, and as long as there may be more at once. Nothing is taken
/// while any wait.
class Splice {
 public:
  explicit Splice(PipePool& pipes) : pipes_(pipes) {}
  ~Splice() { stop(); }
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;

  /// Whether bytes can go this way at all: both ends are plain, or their TLS is the kernel's.
  static bool possible(const Stream& from, const Stream& to) {
    return (from.plain() || from.kernel_decrypts()) && (to.plain() || to.kernel_encrypts()) &&
           !from.has_received();
  }

  struct Taken {
    enum class Kind : uint8_t {
      Ok,       // `bytes` > 0 wait now
      Blocked,  // nothing to be had now
      Unable,   // there is no pipe, or something that only read() can tell: ask it
      End,      // of a plain stream
      Failed,   // the stream knows why
    };
    Kind kind;
    size_t bytes = 0;
  };
  /// At most `most` bytes. REQUIRES: possible(), and nothing waits.
  Taken take(Stream& from, uint64_t most);
  bool waits() const { return pipe_ && pipe_->pending() > 0; }
  /// Done: nothing waits any more. REQUIRES: what was written to the stream before has gone.
  Step deliver(Stream& to);
  /// What waits is lost.
  void stop() {
    if (pipe_) pipes_.give_back(std::move(pipe_));
  }

 private:
  PipePool& pipes_;
  std::unique_ptr<Pipe> pipe_;
};

}  // namespace sallyport
