// Frames, HPACK, flow control and stream states of one HTTP/2 connection (RFC 9113), sans I/O. What
// stands behind it is nghttp2, which nobody else includes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/base/bytes.h"

struct nghttp2_session;

namespace sallyport {

/// RFC 9113 section 7.
enum class H2Error : uint32_t {
  None = 0,
  Protocol = 1,
  Internal = 2,
  FlowControl = 3,
  SettingsTimeout = 4,
  StreamClosed = 5,
  FrameSize = 6,
  RefusedStream = 7,
  Cancel = 8,
  Compression = 9,
  Connect = 10,
  EnhanceYourCalm = 11,
  InadequateSecurity = 12,
  Http11Required = 13,
};
const char* name(H2Error error);  // "ENHANCE_YOUR_CALM"; "UNKNOWN" for codes that are none

struct H2Field {
  std::string_view name;  // lower case
  std::string_view value;
};

/// The fields of a head, or trailers: views of the head they were found in.
class H2FieldArray {
 public:
  static constexpr size_t kMost = 200;
  void clear() { size_ = 0; }
  bool add(std::string_view name, std::string_view value) {
    if (size_ == kMost) return false;
    fields_[size_++] = {name, value};
    return true;
  }
  std::span<const H2Field> all() const { return {fields_.data(), size_}; }
  H2Field& operator[](size_t i) { return fields_[i]; }

 private:
  size_t size_ = 0;
  std::array<H2Field, kMost> fields_;
};

/// What a client says first on a connection (RFC 9113 section 3.4).
constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class H2FrameStream;

/// What a peer did that belongs to no stream of ours, or that somebody counts.
class H2FrameEvents {
 public:
  enum class Kind : uint8_t {
    Work,     // heads and bodies: what a connection is for
    Excess,   // a head that begins a stream beyond those allowed at a time, which is refused
    Reset,    // RST_STREAM of a stream that is open
    Control,  // everything else; DATA that has nothing in it and ends nothing; and frames of
              // streams that are over
  };
  /// A frame begins.
  virtual void on_frame(Kind kind) = 0;
  /// A peer's client begins a stream. Null: it is refused. REQUIRES: it stays until on_closed().
  virtual H2FrameStream* on_stream(int32_t id) = 0;
  /// The header block that has begun is whole, or will be of no interest to anybody.
  virtual void on_block_begin() = 0;
  virtual void on_block_end() = 0;
  /// A stream was reset by us for what the peer did on it. Not of Kind::Excess.
  virtual void on_fault() = 0;
  /// The peer takes no stream beyond `last` (RFC 9113 section 6.8).
  virtual void on_goaway(int32_t last, H2Error error) = 0;
  virtual void on_pong() = 0;
  virtual void on_settings() = 0;
  /// A DATA frame of that many bytes goes out.
  virtual void on_data_sent(size_t size, bool end) = 0;

 protected:
  ~H2FrameEvents() = default;
};

/// One stream, as its user sees it.
class H2FrameStream {
 public:
  virtual void on_field(std::string_view name, std::string_view value) = 0;
  /// A block of fields is whole: a head, or trailers.
  virtual void on_fields_end(bool end_of_stream) = 0;
  virtual void on_data(Bytes data) = 0;
  virtual void on_end() = 0;
  /// The last frame of our side has been produced.
  virtual void on_end_sent() = 0;
  /// The peer broke a rule on it: it is about to be reset by us.
  virtual void on_fault() = 0;
  /// Nothing more comes or goes. `error` is None where both sides ended as they should.
  virtual void on_closed(H2Error error) = 0;

  struct Supply {
    size_t size = 0;        // of the next DATA frame
    bool end = false;       // it is the last of the body
    bool trailers = false;  // which trailers follow
  };
  /// What there is of a body, at most `most` bytes; with nothing and no end the stream waits for
  /// H2Frames::resume().
  virtual Supply supply(size_t most) = 0;
  /// Writes the next `into.size()` bytes, at most as many as supply() said.
  virtual void take(MutableBytes into) = 0;
  /// After the last of the body, where supply() promised them. They may be taken only here.
  virtual std::span<const H2Field> closing_fields() = 0;

 protected:
  ~H2FrameStream() = default;
};

struct H2FrameSettings {
  uint32_t streams = 128;                  // of the peer's, at a time
  uint32_t stream_window = 64 * 1024;      // bytes of each body that may come before consumed()
  uint32_t connection_window = 1024 * 1024;
  uint32_t header_list = 32 * 1024;        // advertised only: who counts fields, enforces it
  bool connect_protocol = false;           // RFC 8441
};

/// Bytes in, callbacks; bytes out. Callbacks may call everything here but receive() and produce().
/// Thread: one at a time.
class H2Frames {
 public:
  enum class Role : uint8_t { Server, Client };
  H2Frames(Role role, const H2FrameSettings& settings, H2FrameEvents& events);
  ~H2Frames();
  H2Frames(const H2Frames&) = delete;
  H2Frames& operator=(const H2Frames&) = delete;

  /// False: this is no HTTP/2 (any more); what is to be said about that is in produce().
  bool receive(Bytes bytes);
  /// Writes what there is to send, whole frames. REQUIRES: room for kFrameMost at least.
  size_t produce(MutableBytes room);
  static constexpr size_t kFrameMost = 9 + 16 * 1024;
  /// Of a body, in one frame: with its header one TLS record.
  static constexpr size_t kDataMost = 16 * 1024 - 9;
  /// Of produce(), within H2FrameStream::take(): no further DATA now. The stream will have more,
  /// and may come before those that wait.
  void pause() { full_ = true; }

  /// The peer may still say something; false after an error of the connection, or after GOAWAY and
  /// the last stream.
  bool wants_read() const;
  bool wants_write() const;
  /// Frames that wait to be produced.
  size_t queued() const;

  /// REQUIRES: `stream` stays until on_closed(). `body`: supply() will be asked.
  /// Of a server: an interim response, or the final one.
  bool send_interim(int32_t id, std::span<const H2Field> fields);
  bool send_response(int32_t id, std::span<const H2Field> fields, H2FrameStream& stream, bool body);
  /// Of a client: the id of the new stream, or -1: none can be begun any more.
  int32_t send_request(std::span<const H2Field> fields, H2FrameStream& stream, bool body);
  /// There is more of a body, or its end.
  void resume(int32_t id);
  /// Of a body that came, so much has gone on.
  void consumed(int32_t id, size_t size);
  /// More of a body may come before consumed(): 256 KiB, and so the peer need not wait for a round
  /// trip after each 64. Of few streams at a time, so that one connection does not hold much; of
  /// others nothing changes.
  void widen(int32_t id);
  static constexpr int32_t kWideWindow = 256 * 1024;
  static constexpr size_t kWideMost = 4;
  /// The connection's window is given back now, which otherwise waits until it is worth a frame.
  void return_window();
  void reset(int32_t id, H2Error error);

  /// No new streams are taken, in one round trip from now (RFC 9113 section 6.8); then, after
  /// on_pong(), finish_shutdown().
  void begin_shutdown();
  void finish_shutdown();
  /// GOAWAY, and nothing else any more. With an error, what still comes is not looked at.
  void terminate(H2Error error);
  void ping();

  /// Of a client: how many streams the peer allows at a time.
  uint32_t peer_streams() const;
  bool takes_requests() const;
  bool peer_allows_connect_protocol() const;
  H2Error error() const { return error_; }

 private:
  struct Callbacks;

  void look(const uint8_t* header);
  void on_frame_of_no_stream(uint8_t type, int32_t id);
  void feed(Bytes bytes);
  H2FrameEvents& events_;
  nghttp2_session* session_ = nullptr;
  H2Error error_ = H2Error::None;
  MutableBytes room_;      // within produce()
  size_t written_ = 0;
  bool full_ = false;
  uint8_t header_[9];      // of the frame that is coming
  size_t header_size_ = 0;
  size_t left_ = 0;        // of its payload
  bool deaf_ = false;      // to what a peer says that is being told to go
  bool failed_ = false;    // nghttp2 cannot go on
  bool told_ = false;      // and the peer knows
  // The streams that closed last, so that a frame of one is told from a frame of none.
  struct Closed {
    int32_t id = 0;
    bool by_us = false;    // frames of it may have been on their way
  };
  static constexpr size_t kRemembered = 64;
  std::array<Closed, kRemembered> closed_{};
  size_t closed_count_ = 0;
  std::array<int32_t, kWideMost> wide_{};  // streams that are
  int32_t last_id_ = 0;    // of the peer's
  uint32_t streams_ = 0;   // of the peer's that are open
  uint32_t streams_most_;
  int32_t reset_id_ = 0;   // whose RST_STREAM of ours goes out right now
};

}  // namespace sallyport
