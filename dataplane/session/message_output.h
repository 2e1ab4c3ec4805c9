// What goes out on one side of an exchange, whichever version of HTTP that side speaks.
#pragma once

#include <string>

#include "dataplane/tls/stream.h"
#include "dataplane/wire/h1_writer.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// A head waits in the worker's scratch memory for the first piece of the body, so that both leave
/// together; flush() sends it alone. It does not survive the turn: every turn that put a head ends
/// with a send or a flush.
class MessageOutput {
 public:
  /// For a head in the form of HTTP/1.1. What is written counts after put_head().
  virtual H1Writer head_writer() = 0;
  /// `last`: as soon as the message has gone, its sender ends the connection: until then the kernel
  /// may hold its end back. REQUIRES: nothing waits; `head` is in head_writer()'s room.
  virtual void put_head(Bytes head, BodyKind body, bool last) = 0;

  /// `data` has room for Scratch::kFront bytes before it and kBack behind it, and may be framed in
  /// place. With `end` the last piece; it may be empty, and then `data` may be anything.
  /// Done, or Blocked: taken, but some of it waits. REQUIRES: what was sent before does not wait.
  virtual Step send_body(MutableBytes data, bool end, const FieldList* trailers) = 0;
  /// What is sent from here on has no framing, and its end is that of the direction.
  virtual void begin_tunnel() = 0;
  /// Sends what was put, and what waits. Done: all is gone.
  virtual Step flush() = 0;
  /// The same, but a head that waits for its body goes on waiting.
  virtual Step resume() = 0;
  /// Whether something that was sent waits to be taken.
  virtual bool has_unsent() const = 0;
  /// Bytes that the peer has still to take, as far as that can be seen. For deadlines.
  virtual size_t unacknowledged() const = 0;

  /// How much of a body it is given at a time: so much may have to wait. `slow`: the last piece had
  /// to.
  virtual size_t piece(bool slow) const = 0;

  virtual bool has_pending_head() const = 0;
  /// Nothing of it has gone, and nothing will.
  virtual void drop_head() = 0;
  /// All of a message that was sent, heads and framing included.
  virtual uint64_t head_bytes() const = 0;
  virtual void begin_message() = 0;

 protected:
  ~MessageOutput() = default;
};

}  // namespace sallyport
