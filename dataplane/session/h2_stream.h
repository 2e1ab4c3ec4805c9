// One request and its response on a client's HTTP/2 connection, as an exchange sees its client.
#pragma once

#include <memory>
#include <string>

#include "dataplane/base/list.h"
#include "dataplane/session/exchange.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h2_frames.h"
#include "dataplane/wire/h2_head.h"

namespace sallyport {

class H2Session;
struct OpenStreams;
struct ReadyStreams;

/// Holds what has come and what waits: of the request's body at most the stream's window, of the
/// response's one piece, until the client has given window for it and the connection's socket has
/// taken it. So a client that does not read a stream holds up that one, and costs one piece.
/// As a task it takes its exchange's turns; the session's own turn then sends all that came of it.
/// Used again for one stream after the other.
class H2Stream final : public Task,
                       public ListLink<OpenStreams>,
                       public ListLink<ReadyStreams>,
                       public H2FrameStream,
                       public MessageInput,
                       public MessageOutput {
 public:
  H2Stream(H2Session& session, Stream& connection, const Arrival& arrival);
  ~H2Stream() override;

  /// REQUIRES: it is of no use to anybody (any more).
  void open(int32_t id, Instant now);
  int32_t id() const { return id_; }

 private:
  friend class H2Session;

  void turn() override;

  // H2FrameStream: what comes, and what the frames are made of.
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

  // MessageInput: the request.
  Head read_head(Block&, size_t) override { return {Head::Kind::Failed}; }
  bool untouched() const override { return false; }
  void begin_body(BodyKind kind, uint64_t length, size_t most_trailers) override;
  Body read_body(size_t most) override;
  bool body_ended() const override { return ended_ && received_.empty(); }
  const FieldList& trailers() const override { return trailer_reader_.trailers(); }
  bool gone(size_t) override { return closed_; }
  void settle() override {}
  void take_rest(Block&) override {}
  std::string error_text() const override;

  // MessageOutput: the response.
  H1Writer head_writer() override;
  void put_head(Bytes head, BodyKind body) override;
  Step send_body(MutableBytes data, bool end, const FieldList* trailers) override;
  Step flush() override;
  Step resume() override;
  bool has_unsent() const override { return !waiting_.empty() || (said_all_ && !end_sent_); }
  size_t unacknowledged() const override { return waiting_.rest().size(); }
  bool has_pending_head() const override { return pending_ > 0; }
  void drop_head() override { pending_ = 0; }
  uint64_t head_bytes() const override { return head_bytes_; }
  void begin_message() override { head_bytes_ = 0; }

  void read_trailers();
  bool submit_head(bool more);

  H2Session& session_;
  GenerationRef snapshot_;
  ExchangeClient lent_;
  std::unique_ptr<Exchange> exchange_;
  int32_t id_ = 0;
  Instant started_{};
  H2Error error_ = H2Error::None;
  bool closed_ = false;          // nothing goes over it any more
  bool faulty_ = false;          // and soon will not, for what the client did

  // The request.
  H2HeadText text_;
  Block head_;                   // in the form of HTTP/1.1, until the exchange takes it
  H1Fault fault_ = H1Fault::None;
  bool head_whole_ = false;
  bool ended_ = false;
  bool counts_ = false;          // left_ is what the body still has to have
  uint64_t left_ = 0;
  Block received_;
  H1BodyDecoder trailer_reader_;
  H1Fault trailer_fault_ = H1Fault::None;

  // The response.
  size_t pending_ = 0;           // of scratch.head
  uint64_t head_bytes_ = 0;
  bool head_sent_ = false;       // the final one
  bool said_all_ = false;        // its end is in waiting_
  bool end_sent_ = false;
  Block waiting_;
  Block trailer_lines_;
};

}  // namespace sallyport
