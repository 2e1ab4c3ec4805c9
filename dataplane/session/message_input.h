// What comes in on one side of an exchange, whichever version of HTTP that side speaks.
#pragma once

#include <string>

#include "dataplane/base/block.h"
#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// Bytes are read into the worker's scratch memory, where they are looked at and passed on within
/// the turn: settle() before anybody else may use it. Heads are handed over in the form of
/// HTTP/1.1, which one parser reads.
class MessageInput {
 public:
  struct Head {
    enum class Kind : uint8_t { Whole, Waiting, Ended, Truncated, Failed, Refused };
    Kind kind;
    H1Fault fault = H1Fault::None;
  };
  /// Whole: the head's bytes have been moved to `head`. Ended and Truncated: the peer has; see
  /// untouched() for whether that was between messages. `piece`: how much is read at a time, which
  /// may be as much of the body that follows. REQUIRES: at most Scratch::kChunk.
  virtual Head read_head(Block& head, size_t most, size_t piece) = 0;
  /// The peer says that it has not acted upon what was sent to it, and will not: it may be sent
  /// again, whatever it was.
  virtual bool unprocessed() const { return false; }
  /// Nothing of a message has come since the last one ended.
  virtual bool untouched() const = 0;

  virtual void begin_body(BodyKind kind, uint64_t length, size_t most_trailers) = 0;
  struct Body {
    enum class Kind : uint8_t { Data, Waiting, Truncated, Failed, Refused };
    Kind kind;
    /// Of Data: body bytes in scratch.plain's neighbourhood, with room for Scratch::kFront before
    /// and kBack behind them; may be empty at the end. Valid until the scratch memory is used.
    MutableBytes data = {};
    bool end = false;
    H1Fault fault = H1Fault::None;
  };
  /// At most `most` bytes, in one system call.
  virtual Body read_body(size_t most) = 0;
  virtual bool body_ended() const = 0;
  virtual const FieldList& trailers() const = 0;

  /// What comes from here on is bytes, up to the end of the peer's direction, as a body.
  virtual void begin_tunnel() = 0;

  /// Whether the peer is known to have gone, asked while nothing is wanted from it; at most `most`
  /// bytes are read ahead for that.
  virtual bool gone(size_t most) = 0;
  virtual void settle() = 0;
  /// Takes what has come and was not used, for those who go on without HTTP.
  virtual void take_rest(Block& into) = 0;
  virtual std::string error_text() const = 0;

 protected:
  ~MessageInput() = default;
};

}  // namespace sallyport
