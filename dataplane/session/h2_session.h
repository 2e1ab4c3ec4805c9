// A client's HTTP/2 connection: many streams, each an exchange, over one connection.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/session/h2_guard.h"
#include "dataplane/session/h2_stream.h"
#include "dataplane/session/session.h"
#include "dataplane/wire/h2_frames.h"
#include "dataplane/wire/h2_head.h"

namespace sallyport {

/// Takes a connection over from an HttpSession once it is known to speak HTTP/2:
///
///     Open ─► Closing ─► Linger ─► finish
///
/// A turn reads what has come, gives their turns to the streams that it concerns, and sends what
/// they said, many frames in one write. Streams whose backends have something get turns of their
/// own; what they say is sent in the session's next.
class H2Session final : public Session, public H2Link, private H2FrameEvents {
 public:
  /// `received`: bytes that were read from `client` before it was known. `tls` and `proof`: null in
  /// the clear.
  H2Session(SessionContext& context, Arrival arrival, Stream&& client,
            std::shared_ptr<const ServerContext> tls, std::unique_ptr<ClientProof> proof,
            const ConnectionFacts& facts, uint16_t port, Block received);
  ~H2Session() override;

  void drain() override;

  // For its streams.
  Scratch& scratch() override { return context().scratch; }
  H2Frames& frames() override { return frames_; }
  size_t header_size() const override { return limits().header_size; }
  size_t open_streams() const override { return open_count_; }
  bool reading_ended() const override { return reading_ended_; }
  std::string link_error() const override;
  void wants_to_send() override;
  void on_fields(size_t block_size) override;
  /// There is something for the stream to do, in this session's turn.
  void ready(H2Stream& stream);
  /// Its exchange's turn.
  void run(H2Stream& stream);

 private:
  enum class Phase : uint8_t { Open, Closing, Linger };

  void advance() override;
  void on_deadline() override;
  void close_streams(Reason reason) override;

  void on_frame(Kind kind) override;
  H2FrameStream* on_stream(int32_t id) override;
  void on_block_begin() override;
  void on_block_end() override;
  void on_fault() override;
  void on_goaway(int32_t last, H2Error error) override;
  void on_pong() override;
  void on_settings() override {}
  void on_data_sent(size_t size, bool end) override { guard_.sent(size, end); }

  bool serve();
  bool read(size_t& budget);
  bool has_a_say() const;
  bool receive(Bytes bytes);
  void run_ready(size_t& budget);
  bool write(size_t& budget);
  bool write_some(size_t& budget);
  bool close_connection();
  bool refuse_new_keys();
  void discard();

  void begin(H2Stream& stream);
  void end_exchange(H2Stream& stream, Exchange::Outcome outcome);
  void abandon(H2Stream& stream, RequestEnd end);
  void complete_what_went();
  void recycle(H2Stream& stream);
  void begin_shutdown();
  void calm_down(Limit limit);
  void begin_closing();
  void arm();

  std::shared_ptr<const ServerContext> tls_;
  std::unique_ptr<ClientProof> proof_;  // to which the facts point
  Stream client_;
  ConnectionFacts facts_;      // by the snapshot of the last request
  uint16_t port_;
  Block received_;             // not yet understood
  H2Guard guard_;
  H2Frames frames_;

  std::vector<std::unique_ptr<H2Stream>> streams_;
  List<H2Stream, OpenStreams> open_;
  List<H2Stream, OpenStreams> spare_;
  List<H2Stream, ReadyStreams> ready_;
  List<H2Stream, DiscardingStreams> discarding_;  // in the order of their deadlines
  size_t open_count_ = 0;

  Phase phase_ = Phase::Open;
  Reason ending_ = Reason::Closed;
  Instant idle_since_{};
  Instant block_since_{};
  Instant shutdown_since_{};
  bool in_block_ = false;
  bool in_turn_ = false;
  bool heard_ = false;          // from the client
  bool served_ = false;         // some stream
  bool shutting_ = false;
  bool shut_ = false;           // no further stream is taken
  bool last_ = false;           // the configuration has no place for the connection any more
  bool reading_ended_ = false;
};

}  // namespace sallyport
