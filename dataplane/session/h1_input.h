// What comes in on one side of an HTTP/1.1 connection: heads and bodies, one message after another.
#pragma once

#include "dataplane/base/block.h"
#include "dataplane/tls/stream.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport {

/// Bytes are read into the worker's scratch memory, where they are looked at and passed on within
/// the turn; only what cannot be used yet is kept in a block. So a request and its response that
/// each arrive in one piece are never copied, but for their heads, which an exchange keeps.
///
///     scratch.plain   |######################.........|
///                      \_ window_: not used yet _/
///
/// The scratch memory is everybody's: settle() before anybody else may use it.
class H1Input {
 public:
  H1Input(Stream& stream, Scratch& scratch, HeadScan::Of of)
      : stream_(stream), scratch_(scratch), kept_(scratch.blocks), scan_(of) {}

  struct Head {
    enum class Kind : uint8_t { Whole, Waiting, Ended, Truncated, Failed, Refused };
    Kind kind;
    H1Fault fault = H1Fault::None;
  };
  /// Whole: the head's bytes have been moved to `head`. Ended and Truncated: the peer has; see
  /// untouched() for whether that was between messages.
  Head read_head(Block& head, size_t most);
  /// Nothing of a message has come since the last one ended.
  bool untouched() const { return kept_.empty() && window_.empty(); }
  /// Bytes of a head that has not come whole.
  Bytes so_far() const { return kept_.rest(); }
  /// One CRLF before a request line is passed over.
  void skip_empty_line() { skips_line_ = true; }

  void begin_body(BodyKind kind, uint64_t length, size_t most_trailers) {
    body_.begin(kind, length, most_trailers);
  }
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
  Body read_body(size_t most);
  bool body_ended() const { return body_.ended(); }
  const FieldList& trailers() const { return body_.trailers(); }

  /// Takes what has come and was not used, for those who go on without HTTP.
  void take_rest(Block& into);
  /// Reads ahead, so that the end of the peer is noticed while nothing is wanted from it; keeps at
  /// most `most` bytes. Flow::Ok: there is more.
  Flow look_ahead(size_t most);
  void settle();

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
