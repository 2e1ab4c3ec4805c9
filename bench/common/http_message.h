// Follows one HTTP/1.1 message through a stream of bytes: its head, and where its body ends. It
// keeps no body. Made for peers that behave: it measures, the proxy under test is what is strict.
#pragma once

#include <string>

#include "dataplane/base/bytes.h"

namespace sallyport::bench {

class HttpMessage {
 public:
  enum class Kind : uint8_t { Request, Response };
  enum class State : uint8_t { Head, Body, Done, Bad };

  explicit HttpMessage(Kind kind) : kind_(kind) {}

  /// Forgets everything, for the next message of the same connection. `bodyless` says that the
  /// response is one to HEAD.
  void reset(bool bodyless = false);
  /// Returns how much it took; less than all only when Done or Bad. Interim (1xx) responses are
  /// passed over.
  size_t feed(Bytes bytes);
  /// The peer ended its stream: Done if that is how the body ends, else unchanged.
  void end_of_stream();

  State state() const { return state_; }
  /// Nothing of the message has come.
  bool untouched() const { return state_ == State::Head && head_.empty(); }
  int status() const { return status_; }                     // of a response
  const std::string& method() const { return method_; }      // of a request
  const std::string& path() const { return path_; }          // of a request, with its query
  bool last_of_connection() const { return last_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class Framing : uint8_t { Length, Chunked, UntilClose };
  enum class Chunk : uint8_t { Size, Data, DataEnd, Trailer };

  size_t feed_head(Bytes bytes);
  size_t feed_body(Bytes bytes);
  size_t feed_chunked(Bytes bytes);
  void chunk_line();
  bool parse_head();
  bool parse_start_line(std::string_view line);
  bool parse_field(std::string_view name, std::string_view value);
  void begin_body();

  Kind kind_;
  bool bodyless_ = false;
  State state_ = State::Head;
  std::string head_;
  int status_ = 0;
  std::string method_, path_;
  bool last_ = false;
  Framing framing_ = Framing::Length;
  bool length_given_ = false;
  uint64_t left_ = 0;  // of the body, or of the current chunk
  Chunk chunk_ = Chunk::Size;
  std::string line_;  // of the chunked framing, as far as it has come
  uint64_t body_bytes_ = 0;
};

}  // namespace sallyport::bench
