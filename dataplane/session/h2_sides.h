// A stream of an HTTP/2 connection, to a client or to a backend, as one side of an exchange.
#pragma once

#include <string>

#include "dataplane/base/block.h"
#include "dataplane/session/message_input.h"
#include "dataplane/session/message_output.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h2_frames.h"
#include "dataplane/wire/h2_head.h"

namespace sallyport {

/// The connection, as its streams use it.
class H2Link {
 public:
  virtual Scratch& scratch() = 0;
  virtual H2Frames& frames() = 0;
  virtual size_t header_size() const = 0;
  /// How many there are.
  virtual size_t open_streams() const = 0;
  /// Nothing more will come.
  virtual bool reading_ended() const = 0;
  virtual std::string link_error() const = 0;
  /// Frames wait to be produced.
  virtual void wants_to_send() = 0;
  virtual void on_fields(size_t block_size) = 0;

 protected:
  ~H2Link() = default;
};

/// Holds what has come and what waits: of the body that comes at most the stream's window, of the
/// one that goes one piece, until the peer has given window for it and the connection's socket has
/// taken it. So a peer that does not read a stream holds up that one, and costs one piece.
class H2Sides : public H2FrameStream, public MessageInput, public MessageOutput {
 public:
  int32_t id() const { return id_; }
  bool closed() const { return closed_; }
  H2Error error() const { return error_; }

  // MessageInput: what comes.
  Head read_head(Block& head, size_t most, size_t piece) override;
  bool untouched() const override { return heads_.empty() && !head_whole_; }
  bool unprocessed() const override;
  void begin_body(BodyKind kind, uint64_t length, size_t most_trailers) override;
  void begin_tunnel() override { held_ = counts_ = false; }
  Body read_body(size_t most) override;
  bool body_ended() const override { return ended_ && received_.empty(); }
  const FieldList& trailers() const override { return trailer_reader_.trailers(); }
  bool gone(size_t) override { return closed_; }
  void settle() override {}
  void take_rest(Block&) override {}
  std::string error_text() const override;

  // MessageOutput: what goes. A stream of DATA is one of bytes.
  H1Writer head_writer() override;
  void put_head(Bytes head, BodyKind body, bool last) override;
  Step send_body(MutableBytes data, bool end, const FieldList* trailers) override;
  Step flush() override;
  Step resume() override;
  bool has_unsent() const override { return !waiting_.empty() || (said_all_ && !end_sent_); }
  size_t unacknowledged() const override { return waiting_.rest().size(); }
  size_t piece(bool slow) const override;
  bool has_pending_head() const override { return pending_ > 0; }
  void drop_head() override { pending_ = 0; }
  uint64_t head_bytes() const override { return head_bytes_; }
  void begin_message() override { head_bytes_ = 0; }

 protected:
  H2Sides(H2Link& link, H2HeadText::Of of);
  ~H2Sides() = default;

  /// Something has come or gone: there may be something to do.
  virtual void ready() = 0;
  /// The fields of a head go out. `more`: a body follows. False: they cannot.
  virtual bool submit_fields(std::span<const H2Field> fields, bool more) = 0;
  /// From the text of the head to fields. False: there are too many.
  virtual bool translate(MutableBytes head) = 0;

  void open_sides(int32_t id);
  void clear_sides();

  // H2FrameStream
  void on_field(std::string_view name, std::string_view value) override;
  void on_fields_end(bool end_of_stream) override;
  void on_data(Bytes data) override;
  void on_end() override;
  void on_end_sent() override;
  void on_fault() override;
  void on_closed(H2Error error) override;
  Supply supply(size_t most) override;
  void take(MutableBytes into) override;
  std::span<const H2Field> closing_fields() override;

  H2Link& link_;
  const H2HeadText::Of of_;
  int32_t id_ = 0;
  H2Error error_ = H2Error::None;
  bool closed_ = false;          // nothing goes over it any more
  bool faulty_ = false;          // and soon will not, for what the peer did

  // What comes.
  Method method_ = Method::Get;  // that is answered here
  H2HeadText text_;
  Block heads_;                  // in the form of HTTP/1.1, until they are read
  H1Fault fault_ = H1Fault::None;
  bool head_whole_ = false;      // the final one
  bool ended_ = false;
  size_t size_ = 0;              // of its fields
  bool held_ = false;            // what comes is no body, and waits for a tunnel
  bool counts_ = false;          // left_ is what the body still has to have
  uint64_t left_ = 0;
  Block received_;
  size_t moved_ = 0;             // of a body, since its window was last thought of
  H1BodyDecoder trailer_reader_;
  H1Fault trailer_fault_ = H1Fault::None;

  // What goes.
  size_t pending_ = 0;           // of scratch.head
  uint64_t head_bytes_ = 0;
  bool head_sent_ = false;       // the final one
  bool said_all_ = false;        // its end is in waiting_
  bool end_sent_ = false;
  Block waiting_;
  Block trailer_lines_;

 private:
  void read_trailers();
  void widen(size_t size);
  bool submit_head(bool more);
};

}  // namespace sallyport
