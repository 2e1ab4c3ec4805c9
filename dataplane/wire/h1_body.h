// Bodies of HTTP/1.1 messages: taken out of their framing (RFC 9112 sections 6 and 7), and put into
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport {

/// Sans I/O. Chunks and their extensions are followed byte by byte and never buffered; trailers
/// are. Strict: lines end in CRLF; a size has 1 to 16 hex digits and fits a signed number of 64
/// bits; extensions have the grammar's form without white space.
class H1BodyDecoder {
 public:
  enum class State : uint8_t { More, End, Refused };
  struct Result {
    State state;
    size_t used = 0;      // of what was given; on End what follows belongs to the next message,
                          // on Refused it says nothing
    size_t produced = 0;  // body bytes; on Refused those in front of the fault
    H1Fault fault = H1Fault::None;
  };

  H1BodyDecoder() = default;
  // The trailers are views into the decoder itself.
  H1BodyDecoder(const H1BodyDecoder&) = delete;
  H1BodyDecoder& operator=(const H1BodyDecoder&) = delete;

  /// `most_trailers`: bytes of the trailer section (HeadTooLarge) and, for each chunk, of its
  /// extensions (BadChunkExtension). A body of no bytes has ended at once.
  void begin(BodyKind kind, uint64_t length, size_t most_trailers);

  /// Decodes in place: afterwards the first `produced` bytes of `in` are body. Uses all of `in`
  /// unless the body ends in it or is refused; once it was, it stays so. What comes out and what is
  /// refused do not depend on the segments.
  Result decode(MutableBytes in);

  /// Bytes that are still to come of a body whose length is known, with nothing among them; else 0.
  uint64_t left() const { return phase_ == Phase::Length ? left_ : 0; }
  /// So many of them went another way. REQUIRES: at most left().
  void passed(uint64_t size);

  /// The source ended as it should: whether the body does (UntilClose, or nothing left).
  bool ends_here() const { return phase_ == Phase::UntilClose || phase_ == Phase::Done; }
  bool ended() const { return phase_ == Phase::Done; }

  /// The fields behind the last chunk; valid until begin(). Parsed as strictly as a head's.
  /// Framing, routing and identity fields are refused as BadTrailer (RFC 9110 section 6.5.1): all
  /// that have a FieldName, and those that authenticate, set cookies or describe the content.
  const FieldList& trailers() const;

 private:
  enum class Phase : uint8_t {
    Length,
    UntilClose,
    ChunkSize,
    ExtensionName,
    ExtensionValue,   // its first byte decides which of the next two
    ExtensionToken,
    ExtensionQuoted,
    ExtensionEscape,  // behind a backslash
    ExtensionEnd,     // behind the closing quote
    ChunkSizeLf,
    ChunkData,
    ChunkDataCr,
    ChunkDataLf,
    Trailers,
    Done,
  };

  H1Fault framing(uint8_t c);
  H1Fault size_digit(uint8_t c);
  H1Fault size_end(uint8_t c);
  H1Fault extension(uint8_t c);
  size_t take_trailers(Bytes in);
  H1Fault parse_trailers();

  Phase phase_ = Phase::Done;
  H1Fault fault_ = H1Fault::None;
  bool token_begun_ = false;  // of an extension's name or value
  uint64_t left_ = 0;         // of the body or the chunk
  size_t most_ = 0;
  size_t counted_ = 0;        // digits of a size, then bytes of its extensions
  std::string section_;       // of the trailers, as far as it has come
  HeadScan scan_{HeadScan::Of::Trailers};
  std::unique_ptr<FieldList> trailers_;  // as rare as it is large
};

/// Chunked framing around data that lies in a larger buffer: what is written before and after it.
constexpr size_t kChunkFront = 18;  // 16 digits, CRLF
constexpr size_t kChunkBack = 2;

/// Writes the size line, without zeros in front, so that it ends at `data`; returns how many bytes
/// it takes, at most kChunkFront. REQUIRES: that much room before `data`, and size > 0.
size_t put_chunk_front(uint8_t* data, size_t size);
/// Writes the CRLF behind the data.
void put_chunk_back(uint8_t* end);
/// Ends the body where there are no trailers.
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sallyport
