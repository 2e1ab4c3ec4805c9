#include "dataplane/session/h1_output.h"

#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

Step H1Output::send_body(MutableBytes data, bool end, const FieldList* trailers) {
  bool with_trailers = end && body_ == BodyKind::Chunked && trailers && trailers->size() > 0;
  if (tunnel_) {
    ends_ = end;
    Step step = data.empty() ? stream_.flush() : send(data);
    return ends_ && step == Step::Done ? end_direction() : step;
  }
  uint8_t* begin = data.data();
  size_t size = data.size();
  if (body_ == BodyKind::Chunked && size > 0) {
    put_chunk_back(begin + size);
    size += kChunkBack;
    size_t front = put_chunk_front(begin, data.size());
    begin -= front;
    size += front;
  }
  if (body_ == BodyKind::Chunked && end && !with_trailers) {
    if (size == 0) begin = scratch_.plain;
    std::memcpy(begin + size, kLastChunk.data(), kLastChunk.size());
    size += kLastChunk.size();
  }
  if (size == 0 && with_trailers) return send_end(*trailers);
  if (size == 0) {
    if (end) stream_.push();
    return flush();
  }
  if (pending_ > 0) {
    begin -= pending_;
    std::memcpy(begin, scratch_.head, pending_);
    size += pending_;
    head_bytes_ += pending_;
    pending_ = 0;
  }
  bool more = end ? last_ && !with_trailers : fills_segments_ && data.size() >= Scratch::kBulk;
  Step step = send({begin, size}, more);
  if (step == Step::Failed || !with_trailers) return step;
  return send_end(*trailers);
}

Step H1Output::end_direction() {
  Step step = stream_.flush();
  if (step == Step::Done) step = stream_.end_write();
  ends_ = step == Step::Blocked;
  return step;
}

Step H1Output::send_end(const FieldList& trailers) {
  if (flush() == Step::Failed) return Step::Failed;
  H1Writer out = head_writer();
  out.put("0\r\n");
  for (const Field& field : trailers.all()) out.field(field.name, field.value);
  out.put("\r\n");
  // They were limited where they came in, to less than there is room for.
  CHECK(!out.overflown());
  return send(out.written());
}

Step H1Output::flush() {
  if (pending_ == 0) return stream_.flush();
  Bytes head{scratch_.head, pending_};
  head_bytes_ += pending_;
  pending_ = 0;
  return send(head);
}

}  // namespace sallyport
