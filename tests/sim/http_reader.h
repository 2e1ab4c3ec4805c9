// What simulated peers read HTTP/1.1 with: a parser of their own, so that no fault of the proxy's
// parser can hide behind itself. It takes what the proxy may write, and nothing more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/bytes.h"

namespace sallyport::sim {

/// A head in which nothing is folded, repeated or spelled in a second way.
struct HttpText {
  std::string first, second, third;  // of the first line; the third may have spaces
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  /// The value, or null. Empty values count.
  const std::string* find(std::string_view name) const;
  /// As a number; 0 if it is not there.
  uint64_t number(std::string_view name) const;
};

struct HttpBody {
  enum class Framing : uint8_t { None, Length, Chunked, UntilClose, Tunnel };
  Framing framing = Framing::None;
  uint64_t length = 0;

  /// By the fields alone: None, Length or Chunked. What a response without either has, its reader
  /// knows.
  static HttpBody of(const HttpText& head);
};

/// Takes messages apart as they come, in any segments.
class HttpReader {
 public:
  /// Who is told. Of a Tunnel all that follows its head is on_body().
  class Sink {
   public:
    virtual HttpBody on_head(const HttpText& head) = 0;
    virtual void on_body(Bytes bytes) = 0;
    virtual void on_message_end() = 0;
    /// What came cannot be what a proxy sends. Nothing more is told.
    virtual void on_nonsense(const std::string& what) = 0;

   protected:
    ~Sink() = default;
  };

  explicit HttpReader(Sink& sink) : sink_(sink) {}

  void feed(Bytes bytes);
  /// The connection's end, said cleanly: it may be that of a message.
  void feed_end();
  /// Nothing of a message has come that has not come whole.
  bool between_messages() const { return state_ == State::Head && buffer_.empty(); }
  bool in_body() const { return state_ != State::Head; }

 private:
  enum class State : uint8_t { Head, Length, ChunkSize, ChunkData, ChunkEnd, Trailers, Rest, Dead };

  bool step();
  bool head();
  bool chunk_size();
  bool take_line(std::string& line);
  void take_body(uint64_t most);
  void end_message();
  bool die(const std::string& what);

  Sink& sink_;
  State state_ = State::Head;
  HttpBody::Framing framing_ = HttpBody::Framing::None;
  std::string buffer_;
  uint64_t left_ = 0;
};

}  // namespace sallyport::sim
