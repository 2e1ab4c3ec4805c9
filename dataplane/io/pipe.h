// Kernel pipes for splicing between sockets, pooled: a pipe is lent only while bytes are in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sallyport {

/// A pipe pair. What is in it may exceed its nominal capacity (super-packets move by reference),
/// so only what went in minus what came out is believed.
class Pipe {
 public:
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  size_t pending() const { return pending_; }

 private:
  friend class PipePool;
  friend class Socket;
  Pipe(int read_end, int write_end) : read_end_(read_end), write_end_(write_end) {}
  int read_end_;
  int write_end_;
  size_t pending_ = 0;
};

/// Thread: one worker's. Pipes given back empty are kept for the next borrower.
class PipePool {
 public:
  static constexpr size_t kPipeBytes = 256 * 1024;

  /// `most_bytes` bounds the nominal capacity of all pipes of this pool, lent and kept.
  explicit PipePool(size_t most_bytes) : most_(most_bytes / kPipeBytes) {}

  /// Null when the limit is reached or the kernel refuses: the caller copies instead.
  std::unique_ptr<Pipe> borrow();
  /// A pipe with bytes in it is closed, not kept.
  void give_back(std::unique_ptr<Pipe> pipe);

  void set_limit(size_t most_bytes) { most_ = most_bytes / kPipeBytes; }
  size_t made() const { return made_; }
  uint64_t refusals() const { return refusals_; }

 private:
  size_t most_;
  size_t made_ = 0;
  uint64_t refusals_ = 0;
  std::vector<std::unique_ptr<Pipe>> idle_;
};

}  // namespace sallyport
