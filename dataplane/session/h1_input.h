// What comes in on one side of an HTTP/1.1 connection: heads and bodies, one message after another.
#pragma once

#include "dataplane/session/message_input.h"
#include "dataplane/tls/stream.h"
#include "dataplane/wire/h1_body.h"

namespace sallyport {

/// Bytes are read into the worker's scratch memory, where they are looked at and passed on within
/// the turn; only what cannot be used yet is kept in a block. So a request and its response that
/// each arrive in one piece are never copied, but for their heads, which an exchange keeps.
///
///     scratch.plain   |######################.........|
///                      \_ window_: not used yet _/
///
/// The scratch memory is everybody's: settle() before anybody else may use it.
class H1Input final : public MessageInput {
 public:
  H1Input(Stream& stream, Scratch& scratch, HeadScan::Of of)
      : stream_(stream), scratch_(scratch), kept_(scratch.blocks), scan_(of) {}

  Head read_head(Block& head, size_t most, size_t piece) override;
  bool untouched() const override { return kept_.empty() && window_.empty(); }
  /// Bytes of a head that has not come whole.
  Bytes so_far() const { return kept_.rest(); }
  /// One CRLF before a request line is passed over.
  void skip_empty_line() { skips_line_ = true; }

  void begin_body(BodyKind kind, uint64_t length, size_t most_trailers) override {
    body_.begin(kind, length, most_trailers);
  }
  void begin_tunnel() override { body_.begin(BodyKind::UntilClose, 0, 0); }
  Body read_body(size_t most) override;
  /// How much of the body is still in the stream, if nothing else can be among it or before it;
  /// else 0. It may be taken from there by others, who say how much they took.
  uint64_t left_in_stream() const { return untouched() ? body_.left() : 0; }
  void passed(uint64_t size) { body_.passed(size); }
  bool body_ended() const override { return body_.ended(); }
  const FieldList& trailers() const override { return body_.trailers(); }

  void take_rest(Block& into) override;
  /// Reads ahead, so that the end of the peer is noticed while nothing is wanted from it; keeps at
  /// most `most` bytes. Flow::Ok: there is more.
  Flow look_ahead(size_t most);
  bool gone(size_t most) override {
    return stream_.socket().readable() && look_ahead(most) == Flow::Failed;
  }
  void settle() override;
  std::string error_text() const override { return stream_.error_text(); }

 private:
  Flow fill(size_t most);

  Stream& stream_;
  Scratch& scratch_;
  Block kept_;           // from earlier turns
  MutableBytes window_;  // within this turn
  HeadScan scan_;
  H1BodyDecoder body_;
  bool scanning_ = false;    // kept_ is a part of a head
  bool skips_line_ = false;
};

}  // namespace sallyport
