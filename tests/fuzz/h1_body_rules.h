// What must hold of chunked bodies for any bytes whatever, and of what we write for any content.
#pragma once

#include <vector>

#include "tests/fuzz/h1_head_rules.h"

namespace sallyport {
namespace h1_rules {

struct Decoded {
  H1BodyDecoder::State state = H1BodyDecoder::State::More;
  H1Fault fault = H1Fault::None;
  size_t used = 0;
  std::string body;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

inline Decoded decode(Bytes bytes, size_t most_trailers, Segments next) {
  Decoded out;
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::Chunked, 0, most_trailers);
  for (size_t at = 0; at < bytes.size() && out.state == H1BodyDecoder::State::More;) {
    size_t size = next(bytes.size() - at);
    std::vector<uint8_t> segment(bytes.begin() + at, bytes.begin() + at + size);
    H1BodyDecoder::Result result = decoder.decode(segment);
    CHECK(result.produced <= segment.size() && result.used <= segment.size());
    out.body.append(as_text(Bytes(segment).first(result.produced)));
    out.state = result.state;
    out.fault = result.fault;
    if (result.state != H1BodyDecoder::State::Refused) out.used += result.used;
    if (result.state == H1BodyDecoder::State::More) CHECK(result.used == size);
    CHECK((result.state == H1BodyDecoder::State::End) == decoder.ended());
    CHECK(decoder.ended() == decoder.ends_here());
    at += size;
  }
  if (out.state == H1BodyDecoder::State::Refused) out.used = 0;
  CHECK((out.state == H1BodyDecoder::State::Refused) == (out.fault != H1Fault::None));
  if (decoder.ended()) {
    check_fields(decoder.trailers());
    out.trailers = h1_reading::of_fields(decoder.trailers());
    for (const Field& f : decoder.trailers().all()) CHECK(f.id == FieldName::Other);
  }
  return out;
}

/// `body` in chunks of the sizes that `next` chooses, with our own framing.
inline std::string chunked(std::string_view body, Segments next) {
  std::string out;
  while (!body.empty()) {
    size_t size = next(body.size());
    std::vector<uint8_t> room(kChunkFront + size + kChunkBack);
    std::copy_n(body.begin(), size, room.begin() + kChunkFront);
    size_t front = put_chunk_front(room.data() + kChunkFront, size);
    CHECK(front <= kChunkFront);
    put_chunk_back(room.data() + kChunkFront + size);
    out.append(room.begin() + static_cast<ptrdiff_t>(kChunkFront - front), room.end());
    body.remove_prefix(size);
  }
  return out.append(kLastChunk);
}

}  // namespace h1_rules

inline void check_h1_chunked(Bytes bytes) {
  for (size_t most : {size_t{16}, size_t{1024}}) {
    h1_rules::Decoded once = h1_rules::decode(bytes, most, whole());
    uint64_t seed = h1_rules::seed_of(bytes);
    CHECK(once == h1_rules::decode(bytes, most, one_byte_each()));
    CHECK(once == h1_rules::decode(bytes, most, mixed(seed)));
    if (once.state != H1BodyDecoder::State::End) continue;
    // What follows the body is nobody's business here.
    CHECK(once == h1_rules::decode(bytes.first(once.used), most, whole()));
    h1_rules::Decoded shorter = h1_rules::decode(bytes.first(once.used - 1), most, whole());
    CHECK(shorter.state == H1BodyDecoder::State::More && shorter.body == once.body);
  }
  std::string framed = h1_rules::chunked(as_text(bytes), mixed(h1_rules::seed_of(bytes)));
  h1_rules::Decoded back = h1_rules::decode(as_bytes(framed + "GET"), 16, whole());
  CHECK(back.state == H1BodyDecoder::State::End && back.used == framed.size());
  CHECK(back.body == as_text(bytes) && back.trailers.empty());
}

}  // namespace sallyport
