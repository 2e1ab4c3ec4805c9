// One direction of a relay: bytes from one stream to another, and the end of them.
#pragma once

#include <cstdint>

#include "dataplane/base/block.h"
#include "dataplane/relay/splice.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

/// What a direction says after its turn.
enum class PumpState : uint8_t {
  Waiting,     // for an edge of either socket
  More,        // the turn's budget is used up; there is more to do at once
  Finished,    // the source ended as it should and the sink has been told
  ReadFailed,  // the source broke: reset, or
  Truncated,   // under TLS, ended without saying so
  WriteFailed, // the sink broke
};

/// Copies through the worker's scratch memory while there is little to move, and splices inside the
/// kernel while source and sink are plain, or their TLS is the kernel's, and the source keeps
/// filling whole chunks. What the sink does not take waits in one block (or the pipe), and until it
/// has gone nothing more is read: a slow reader holds up its own writer and costs one block.
class Pump {
 public:
  Pump(Stream& from, Stream& to, Scratch& scratch, PipePool& pipes);
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  /// Moves at most about `budget` bytes. After Finished or a failure, repeats that state. With
  /// `last` the other direction is Finished: the sink's end is left to whoever closes it next.
  PumpState turn(size_t budget, bool last = false);

  /// For bytes that were taken from the source before there was a pump. REQUIRES: no turn yet.
  Block& waiting() { return waiting_; }

  uint64_t bytes() const { return bytes_; }            // taken from the source
  uint64_t spliced_bytes() const { return spliced_; }
  bool source_ended() const { return source_ended_; }
  PumpState state() const { return state_; }

 private:
  // What keeps a step from going on; Go: nothing does.
  enum class Next : uint8_t { Go, Wait, Broken };

  PumpState run(size_t budget, bool last);
  Next deliver();
  Next copy(size_t& budget);
  Next splice(size_t& budget);
  Next broken(PumpState state);
  void judge_bulk(size_t bytes);

  Stream& from_;
  Stream& to_;
  Scratch& scratch_;
  Block waiting_;                // read, not yet taken by the sink
  Splice splice_;
  uint64_t bytes_ = 0;
  uint64_t spliced_ = 0;
  uint8_t full_chunks_ = 0;      // in a row: the measure of bulk
  bool source_ended_ = false;
  PumpState state_ = PumpState::Waiting;
};

}  // namespace sallyport
