// What goes out on one side of an HTTP/1.1 connection: a head, a body in its framing, the end.
#pragma once

#include "dataplane/tls/stream.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h1_writer.h"

namespace sallyport {

/// A head waits in the worker's scratch memory for the first piece of the body, which it is put
/// before, so that both leave in one system call; flush() sends it alone. It does not survive the
/// turn: every turn that put a head ends with a send or a flush.
class H1Output {
 public:
  H1Output(Stream& stream, Scratch& scratch) : stream_(stream), scratch_(scratch) {}

  /// For a head, from the scratch memory. What is written counts after put_head().
  H1Writer head_writer() { return H1Writer(MutableBytes(scratch_.head)); }
  /// REQUIRES: nothing waits; `head` is in head_writer()'s room.
  void put_head(Bytes head, BodyKind body) {
    pending_ = head.size();
    body_ = body;
  }

  /// `data` has room for Scratch::kFront bytes before it and kBack behind it, and is framed in
  /// place. With `end` the last piece; it may be empty, and then `data` may be anything.
  /// Done, or Blocked: taken, but some of it waits in the stream. REQUIRES: what was sent before
  /// does not wait.
  Step send_body(MutableBytes data, bool end, const FieldList* trailers = nullptr);
  /// Sends what was put, and what waits. Done: all is gone.
  Step flush();

  bool has_pending_head() const { return pending_ > 0; }
  /// Nothing of it has gone, and nothing will.
  void drop_head() { pending_ = 0; }
  /// All that was sent, heads and framing included.
  uint64_t head_bytes() const { return head_bytes_; }
  void begin_message() { head_bytes_ = 0; }

 private:
  Step send(Bytes bytes) { return stream_.send(bytes); }
  Step send_end(const FieldList& trailers);

  Stream& stream_;
  Scratch& scratch_;
  size_t pending_ = 0;  // of scratch_.head
  BodyKind body_ = BodyKind::None;
  uint64_t head_bytes_ = 0;
};

}  // namespace sallyport
