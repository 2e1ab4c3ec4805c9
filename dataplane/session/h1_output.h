// What goes out on one side of an HTTP/1.1 connection: a head, a body in its framing, the end.
#pragma once

#include "dataplane/session/message_output.h"
#include "dataplane/wire/h1_body.h"

namespace sallyport {

/// A head waits in the worker's scratch memory for the first piece of the body, which it is put
/// before, so that both leave in one system call; flush() sends it alone. It does not survive the
/// turn: every turn that put a head ends with a send or a flush.
class H1Output final : public MessageOutput {
 public:
  /// `fills_segments`: of a body that comes in large pieces the kernel may hold back what does not
  /// fill a segment. Whoever says so asks holds_back() after each piece, and soon calls push().
  H1Output(Stream& stream, Scratch& scratch, bool fills_segments = false)
      : stream_(stream), scratch_(scratch), fills_segments_(fills_segments) {}

  H1Writer head_writer() override { return H1Writer(MutableBytes(scratch_.head)); }
  void put_head(Bytes head, BodyKind body, bool last) override {
    pending_ = head.size();
    body_ = body;
    last_ = last;
    tunnel_ = ends_ = false;
  }
  Step send_body(MutableBytes data, bool end, const FieldList* trailers = nullptr) override;
  Step flush() override;
  Step resume() override { return ends_ ? end_direction() : stream_.flush(); }
  void begin_tunnel() override { tunnel_ = true; }
  bool has_unsent() const override { return stream_.has_unsent() || ends_; }
  size_t unacknowledged() const override { return stream_.socket().unacknowledged(); }

  size_t piece(bool slow) const override {
    return slow ? Scratch::kChunk / 4 : Scratch::kChunk;
  }

  bool has_pending_head() const override { return pending_ > 0; }
  void drop_head() override { pending_ = 0; }
  uint64_t head_bytes() const override { return head_bytes_; }
  void begin_message() override { head_bytes_ = 0; }

  bool holds_back() const { return stream_.holds_back(); }
  void push() { stream_.push(); }

 private:
  Step send(Bytes bytes, bool more = false) { return stream_.send(bytes, more); }
  Step send_end(const FieldList& trailers);
  Step end_direction();

  Stream& stream_;
  Scratch& scratch_;
  size_t pending_ = 0;  // of scratch_.head
  BodyKind body_ = BodyKind::None;
  uint64_t head_bytes_ = 0;
  const bool fills_segments_;
  bool last_ = false;
  bool tunnel_ = false;
  bool ends_ = false;   // as soon as all is gone
};

}  // namespace sallyport
