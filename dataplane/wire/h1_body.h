// Bodies of HTTP/1.1 messages: taken out of their framing (RFC 9112 sections 6 and 7), and put into
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport {

/// Sans I/O. Chunks are followed byte by byte where they must be, and never buffered; trailers are.
class H1BodyDecoder {
 public:
  enum class State : uint8_t { More, End, Refused };
  struct Result {
    State state;
    size_t used = 0;      // of what was given; on End what follows belongs to the next message
    size_t produced = 0;  // body bytes
    H1Fault fault = H1Fault::None;
  };

  /// `most_trailers`: bytes of the trailer section and, for each chunk, of its extensions.
  void begin(BodyKind kind, uint64_t length, size_t most_trailers);

  /// Decodes in place: afterwards the first `produced` bytes of `in` are body. Uses all of `in`
  /// unless the body ends in it or is refused.
  Result decode(MutableBytes in);

  /// The source ended as it should: whether the body does (UntilClose, or nothing left).
  bool ends_here() const;
  bool ended() const { return phase_ == Phase::Done; }

  /// The fields behind the last chunk; valid until begin(). Parsed as strictly as a head's. Framing,
  /// routing and identity fields are refused as BadTrailer (RFC 9110 section 6.5.1): Host,
  /// Content-Length, Transfer-Encoding, Connection and those of its kind, and all whose FieldName
  /// says that the proxy sets them.
  const FieldList& trailers() const { return trailers_; }

 private:
  enum class Phase : uint8_t {
    Data,        // Length and UntilClose
    ChunkSize,
    ChunkExtension,
    ChunkSizeLf,
    ChunkData,
    ChunkDataCr,
    ChunkDataLf,
    Trailers,
    Done,
  };

  Phase phase_ = Phase::Done;
  BodyKind kind_ = BodyKind::None;
  uint64_t left_ = 0;  // of the body or the chunk
  size_t most_ = 0;
  size_t digits_ = 0;
  std::string line_;   // of an extension or of the trailers, as far as it has come
  HeadScan scan_;
  FieldList trailers_;
};

/// Chunked framing around data that lies in a larger buffer: what is written before and after it.
constexpr size_t kChunkFront = 18;  // 16 digits, CRLF
constexpr size_t kChunkBack = 2;

/// Writes the size line so that it ends at `data`; returns how many bytes it takes, at most
/// kChunkFront. REQUIRES: that much room before `data`, and size > 0.
size_t put_chunk_front(uint8_t* data, size_t size);
/// Writes the CRLF behind the data.
void put_chunk_back(uint8_t* end);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sallyport
