#include "dataplane/session/h2_stream.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/session/h2_session.h"

namespace sallyport {

H2Stream::H2Stream(H2Session& session, Stream& connection, const Arrival& arrival)
    : session_(session),
      lent_{*this, connection, *this, *this, arrival, snapshot_, {}},
      text_(session.scratch().blocks),
      head_(session.scratch().blocks),
      received_(session.scratch().blocks),
      waiting_(session.scratch().blocks),
      trailer_lines_(session.scratch().blocks) {
  lent_.version = 2;
}

H2Stream::~H2Stream() = default;

void H2Stream::open(int32_t id, Instant now) {
  DCHECK(!exchange_ && waiting_.empty());
  id_ = id;
  started_ = now;
  error_ = H2Error::None;
  closed_ = faulty_ = head_whole_ = ended_ = counts_ = false;
  head_sent_ = said_all_ = end_sent_ = false;
  fault_ = trailer_fault_ = H1Fault::None;
  pending_ = 0;
  text_.begin(H2HeadText::Of::Request, session_.header_size());
}

void H2Stream::turn() { session_.run(*this); }

// What comes.

void H2Stream::on_field(std::string_view name, std::string_view value) {
  text_.add(name, value);
  session_.on_fields(text_.size());
}

void H2Stream::on_fields_end(bool end_of_stream) {
  if (head_whole_) {
    read_trailers();
  } else {
    head_whole_ = true;
    fault_ = text_.end(end_of_stream, head_);
    trailer_reader_.begin(BodyKind::None, 0, 0);
    text_.begin(H2HeadText::Of::Trailers, session_.header_size());
  }
  ended_ = end_of_stream;
  session_.ready(*this);
}

// The reader of HTTP/1.1's trailers says which ones are taken.
void H2Stream::read_trailers() {
  Block lines(session_.scratch().blocks);
  trailer_fault_ = text_.end(true, lines);
  text_.clear();
  if (trailer_fault_ != H1Fault::None) return;
  trailer_reader_.begin(BodyKind::Chunked, 0, session_.header_size());
  uint8_t last_chunk[] = {'0', '\r', '\n'};
  trailer_reader_.decode(last_chunk);
  H1BodyDecoder::Result result = trailer_reader_.decode(lines.rest());
  if (result.state == H1BodyDecoder::State::Refused) trailer_fault_ = result.fault;
}

void H2Stream::on_data(Bytes data) {
  if (!exchange_ && fault_ != H1Fault::None) return;
  if (data.size() > received_.room_size()) return;  // beyond a window that was never given
  received_.append(data);
  session_.ready(*this);
}

void H2Stream::on_end() {
  ended_ = true;
  session_.ready(*this);
}

void H2Stream::on_end_sent() {
  end_sent_ = true;
  session_.ready(*this);
}

void H2Stream::on_fault() {
  faulty_ = true;
  session_.ready(*this);
}

void H2Stream::on_closed(H2Error error) {
  closed_ = true;
  error_ = error;
  session_.ready(*this);
}

H2FrameStream::Supply H2Stream::supply(size_t most) {
  Supply supply;
  supply.size = std::min(most, waiting_.rest().size());
  supply.end = said_all_ && supply.size == waiting_.rest().size();
  supply.trailers = supply.end && !trailer_lines_.empty();
  return supply;
}

void H2Stream::take(MutableBytes into) {
  std::memcpy(into.data(), waiting_.rest().data(), into.size());
  waiting_.consumed(into.size());
  if (waiting_.empty() && !said_all_) session_.ready(*this);
}

std::span<const H2Field> H2Stream::closing_fields() {
  h2_trailer_fields(trailer_lines_.rest(), session_.fields());
  return session_.fields().all();
}

// The request's body.

void H2Stream::begin_body(BodyKind kind, uint64_t length, size_t) {
  counts_ = kind == BodyKind::Length;
  left_ = length;
}

MessageInput::Body H2Stream::read_body(size_t most) {
  if (trailer_fault_ != H1Fault::None) return {Body::Kind::Refused, {}, false, trailer_fault_};
  if (received_.empty()) {
    if (ended_) {
      if (counts_ && left_ > 0) {
        return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
      }
      return {Body::Kind::Data, {}, true};
    }
    return {closed_ || session_.reading_ended() ? Body::Kind::Truncated : Body::Kind::Waiting};
  }
  size_t size = std::min({most, Scratch::kChunk, received_.rest().size()});
  MutableBytes data{session_.scratch().plain, size};
  std::memcpy(data.data(), received_.rest().data(), size);
  received_.consumed(size);
  if (!closed_) session_.consumed(id_, size);
  if (counts_ && size > left_) return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
  left_ -= counts_ ? size : 0;
  bool end = ended_ && received_.empty();
  if (end && counts_ && left_ > 0) {
    return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
  }
  return {Body::Kind::Data, data, end};
}

std::string H2Stream::error_text() const {
  if (!closed_) return session_.client_error();
  return std::string("the client has reset the stream: ") + name(error_);
}

// The response.

H1Writer H2Stream::head_writer() { return H1Writer(MutableBytes(session_.scratch().head)); }

void H2Stream::put_head(Bytes head, BodyKind) { pending_ = head.size(); }

// False: the stream is gone, or the head has more fields than anybody sends.
bool H2Stream::submit_head(bool more) {
  MutableBytes head{session_.scratch().head, pending_};
  head_bytes_ += pending_;
  pending_ = 0;
  H2FieldArray& fields = session_.fields();
  if (!h2_response_fields(head, fields)) return false;
  session_.wants_to_send();
  bool interim = fields.all().front().value.front() == '1';
  if (interim) return session_.frames().send_interim(id_, fields.all());
  head_sent_ = true;
  return session_.frames().send_response(id_, fields.all(), *this, more);
}

Step H2Stream::send_body(MutableBytes data, bool end, const FieldList* trailers) {
  if (closed_) return Step::Failed;
  bool with_trailers = end && trailers && trailers->size() > 0;
  if (with_trailers) {
    for (const Field& field : trailers->all()) {
      trailer_lines_.append(as_bytes(field.name));
      trailer_lines_.append(as_bytes(": "));
      trailer_lines_.append(as_bytes(field.value));
      trailer_lines_.append(as_bytes("\r\n"));
    }
  }
  waiting_.append(data);
  said_all_ = end;
  bool more = !end || !data.empty() || with_trailers;
  if (pending_ > 0) {
    if (!submit_head(more)) return Step::Failed;
  } else {
    session_.frames().resume(id_);
    session_.wants_to_send();
  }
  return has_unsent() ? Step::Blocked : Step::Done;
}

Step H2Stream::flush() {
  if (closed_ && !end_sent_) return Step::Failed;
  if (pending_ > 0 && !submit_head(true)) return Step::Failed;
  return resume();
}

Step H2Stream::resume() {
  if (closed_ && !end_sent_) return Step::Failed;
  return has_unsent() ? Step::Blocked : Step::Done;
}

}  // namespace sallyport
