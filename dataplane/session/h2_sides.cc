#include "dataplane/session/h2_sides.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

// Who answers a body before its end does so at its beginning, and a client that is amid its window
// then has little to throw away. (curl 8.14 takes it ill to have sent all of it behind the answer.)
constexpr size_t kWidenAfter = 128 * 1024;

}  // namespace

H2Sides::H2Sides(H2Link& link, H2HeadText::Of of)
    : link_(link),
      of_(of),
      text_(link.scratch().blocks),
      heads_(link.scratch().blocks),
      received_(link.scratch().blocks),
      waiting_(link.scratch().blocks),
      trailer_lines_(link.scratch().blocks) {}

void H2Sides::open_sides(int32_t id) {
  DCHECK(waiting_.empty());
  id_ = id;
  error_ = H2Error::None;
  closed_ = faulty_ = head_whole_ = ended_ = held_ = counts_ = false;
  head_sent_ = said_all_ = end_sent_ = false;
  fault_ = trailer_fault_ = H1Fault::None;
  pending_ = size_ = moved_ = 0;
  text_.begin(of_, link_.header_size());
}

void H2Sides::clear_sides() {
  id_ = 0;
  text_.clear();
  heads_.clear();
  received_.clear();
  waiting_.clear();
  trailer_lines_.clear();
}

// What comes.

void H2Sides::on_field(std::string_view name, std::string_view value) {
  text_.add(name, value);
  link_.on_fields(text_.size());
}

void H2Sides::on_fields_end(bool end_of_stream) {
  if (head_whole_) {
    read_trailers();
  } else {
    Block head(link_.scratch().blocks);
    if (of_ == H2HeadText::Of::Request) method_ = text_.is_head() ? Method::Head : Method::Get;
    H1Fault fault = text_.end(end_of_stream, head, method_);
    bool interim = of_ == H2HeadText::Of::Response && fault == H1Fault::None &&
                   text_.status() < 200 && !end_of_stream;
    head_whole_ = !interim;
    if (fault != H1Fault::None) fault_ = fault;
    if (head.rest().size() <= heads_.room_size()) {
      heads_.append(head.rest());
    } else {
      fault_ = H1Fault::HeadTooLarge;
    }
    trailer_reader_.begin(BodyKind::None, 0, 0);
    if (!interim) size_ = text_.size();
    text_.begin(interim ? of_ : H2HeadText::Of::Trailers, link_.header_size());
  }
  ended_ = end_of_stream;
  ready();
}

// The reader of HTTP/1.1's trailers says which ones are taken.
void H2Sides::read_trailers() {
  Block lines(link_.scratch().blocks);
  trailer_fault_ = text_.end(true, lines);
  text_.clear();
  if (trailer_fault_ != H1Fault::None) return;
  trailer_reader_.begin(BodyKind::Chunked, 0, link_.header_size());
  uint8_t last_chunk[] = {'0', '\r', '\n'};
  trailer_reader_.decode(last_chunk);
  H1BodyDecoder::Result result = trailer_reader_.decode(lines.rest());
  if (result.state == H1BodyDecoder::State::Refused) trailer_fault_ = result.fault;
}

void H2Sides::on_data(Bytes data) {
  if (data.size() > received_.room_size()) return;  // beyond a window that was never given
  received_.append(data);
  ready();
}

void H2Sides::on_end() {
  ended_ = true;
  ready();
}

void H2Sides::on_end_sent() {
  end_sent_ = true;
  ready();
}

void H2Sides::on_fault() {
  faulty_ = true;
  ready();
}

void H2Sides::on_closed(H2Error error) {
  closed_ = true;
  error_ = error;
  ready();
}

H2FrameStream::Supply H2Sides::supply(size_t most) {
  Supply supply;
  supply.size = std::min(most, waiting_.rest().size());
  supply.end = said_all_ && supply.size == waiting_.rest().size();
  supply.trailers = supply.end && !trailer_lines_.empty();
  return supply;
}

void H2Sides::take(MutableBytes into) {
  std::memcpy(into.data(), waiting_.rest().data(), into.size());
  waiting_.consumed(into.size());
  if (waiting_.empty() && !said_all_) ready();
}

std::span<const H2Field> H2Sides::closing_fields() {
  h2_trailer_fields(trailer_lines_.rest(), link_.scratch().fields);
  return link_.scratch().fields.all();
}

// Each ends where HTTP/1.1's do.
MessageInput::Head H2Sides::read_head(Block& head, size_t, size_t) {
  std::string_view all = as_text(Bytes(heads_.rest()));
  size_t end = all.find("\r\n\r\n");
  if (end != std::string_view::npos) {
    head.clear();
    head.append(heads_.rest().first(end + 4));
    heads_.consumed(end + 4);
    return {Head::Kind::Whole};
  }
  if (fault_ != H1Fault::None) return {Head::Kind::Refused, fault_};
  if (closed_ || faulty_) return {Head::Kind::Failed};
  return {link_.reading_ended() ? Head::Kind::Ended : Head::Kind::Waiting};
}

// RFC 9113 section 8.7.
bool H2Sides::unprocessed() const { return closed_ && error_ == H2Error::RefusedStream; }

// What comes behind its head.

void H2Sides::begin_body(BodyKind kind, uint64_t length, size_t) {
  counts_ = kind == BodyKind::Length;
  held_ = kind == BodyKind::None && of_ == H2HeadText::Of::Request && !ended_;
  left_ = length;
}

MessageInput::Body H2Sides::read_body(size_t most) {
  if (trailer_fault_ != H1Fault::None) return {Body::Kind::Refused, {}, false, trailer_fault_};
  if (held_) return {Body::Kind::Data, {}, true};
  if (received_.empty()) {
    if (ended_) {
      if (counts_ && left_ > 0) {
        return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
      }
      return {Body::Kind::Data, {}, true};
    }
    return {closed_ || link_.reading_ended() ? Body::Kind::Truncated : Body::Kind::Waiting};
  }
  size_t size = std::min({most, Scratch::kChunk, received_.rest().size()});
  MutableBytes data{link_.scratch().plain, size};
  std::memcpy(data.data(), received_.rest().data(), size);
  received_.consumed(size);
  if (!closed_) {
    link_.frames().consumed(id_, size);
    widen(size);
    link_.wants_to_send();
  }
  if (counts_ && size > left_) return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
  left_ -= counts_ ? size : 0;
  bool end = ended_ && received_.empty();
  if (end && counts_ && left_ > 0) {
    return {Body::Kind::Refused, {}, false, H1Fault::BadContentLength};
  }
  return {Body::Kind::Data, data, end};
}

// A body that is long, and goes on as fast as it comes.
void H2Sides::widen(size_t size) {
  moved_ += size;
  if (moved_ < kWidenAfter || !received_.empty() || ended_) return;
  moved_ = 0;
  link_.frames().widen(id_);
}

std::string H2Sides::error_text() const {
  if (!closed_ || link_.reading_ended()) return link_.link_error();
  return std::string("the stream was reset: ") + name(error_);
}

// What goes.

H1Writer H2Sides::head_writer() { return H1Writer(MutableBytes(link_.scratch().head)); }

void H2Sides::put_head(Bytes head, BodyKind, bool) { pending_ = head.size(); }

// False: the stream is gone, or the head has more fields than anybody sends.
bool H2Sides::submit_head(bool more) {
  MutableBytes head{link_.scratch().head, pending_};
  head_bytes_ += pending_;
  pending_ = 0;
  if (!translate(head)) return false;
  link_.wants_to_send();
  return submit_fields(link_.scratch().fields.all(), more);
}

Step H2Sides::send_body(MutableBytes data, bool end, const FieldList* trailers) {
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
    link_.frames().resume(id_);
    link_.wants_to_send();
  }
  return has_unsent() ? Step::Blocked : Step::Done;
}

// Whole frames, and the smallest block where many streams could make one connection hold a lot.
size_t H2Sides::piece(bool slow) const {
  constexpr size_t kSome = 8, kMany = 32;
  constexpr size_t kSmall = Block::kSizes.front();
  size_t streams = link_.open_streams();
  if (streams > kMany) return kSmall;
  constexpr size_t kFew = Scratch::kChunk / H2Frames::kDataMost * H2Frames::kDataMost;
  return slow || streams > kSome ? H2Frames::kDataMost : kFew;
}

Step H2Sides::flush() {
  if (closed_ && !end_sent_) return Step::Failed;
  if (pending_ > 0 && !submit_head(true)) return Step::Failed;
  return resume();
}

Step H2Sides::resume() {
  if (closed_ && !end_sent_) return Step::Failed;
  return has_unsent() ? Step::Blocked : Step::Done;
}

}  // namespace sallyport
