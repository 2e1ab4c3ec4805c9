#include "dataplane/wire/h1_body.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "dataplane/base/check.h"
#include "dataplane/wire/h1_field_lines.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

constexpr size_t kMostDigits = 16;
constexpr uint64_t kMostSize = std::numeric_limits<int64_t>::max();

// Fields of which the proxy knows no more than this: whoever takes trailers for fields of the head
// must not be told them there (RFC 9110 section 6.5.1).
constexpr std::string_view kNoTrailers[] = {
    "authorization", "content-encoding", "content-range", "cookie", "set-cookie",
    "www-authenticate",
};

bool may_trail(const Field& field) {
  if (field.id != FieldName::Other) return false;
  return std::none_of(std::begin(kNoTrailers), std::end(kNoTrailers),
                      [&](std::string_view name) { return same_name(name, field.name); });
}

}  // namespace

void H1BodyDecoder::begin(BodyKind kind, uint64_t length, size_t most_trailers) {
  switch (kind) {
    case BodyKind::None: phase_ = Phase::Done; break;
    case BodyKind::Length: phase_ = length > 0 ? Phase::Length : Phase::Done; break;
    case BodyKind::Chunked: phase_ = Phase::ChunkSize; break;
    case BodyKind::UntilClose: phase_ = Phase::UntilClose; break;
  }
  fault_ = H1Fault::None;
  left_ = kind == BodyKind::Length ? length : 0;
  most_ = most_trailers;
  counted_ = 0;
  section_.clear();
  scan_.reset();
  trailers_.reset();
}

H1BodyDecoder::Result H1BodyDecoder::decode(MutableBytes in) {
  Result result{State::More};
  if (phase_ == Phase::UntilClose) return {State::More, in.size(), in.size()};
  while (result.used < in.size() && phase_ != Phase::Done && fault_ == H1Fault::None) {
    MutableBytes rest = in.subspan(result.used);
    if (phase_ == Phase::Length || phase_ == Phase::ChunkData) {
      size_t size = static_cast<size_t>(std::min<uint64_t>(left_, rest.size()));
      // What comes first already lies where it should.
      uint8_t* to = in.data() + result.produced;
      if (to != rest.data()) std::memmove(to, rest.data(), size);
      left_ -= size;
      result.produced += size;
      result.used += size;
      if (left_ == 0) phase_ = phase_ == Phase::Length ? Phase::Done : Phase::ChunkDataCr;
    } else if (phase_ == Phase::Trailers) {
      result.used += take_trailers(rest);
    } else {
      fault_ = framing(rest.front());
      ++result.used;
    }
  }
  if (phase_ == Phase::Done) result.state = State::End;
  if (fault_ != H1Fault::None) result.state = State::Refused;
  result.fault = fault_;
  return result;
}

void H1BodyDecoder::passed(uint64_t size) {
  DCHECK(size <= left());
  left_ -= size;
  if (left_ == 0) phase_ = Phase::Done;
}

// A byte that is neither body nor trailer.
H1Fault H1BodyDecoder::framing(uint8_t c) {
  switch (phase_) {
    case Phase::ChunkSize: return is_char(kHexDigit, c) ? size_digit(c) : size_end(c);
    case Phase::ChunkSizeLf:
      if (c != '\n') return H1Fault::BareCr;
      phase_ = left_ == 0 ? Phase::Trailers : Phase::ChunkData;
      return H1Fault::None;
    case Phase::ChunkDataCr:
      if (c != '\r') return H1Fault::BadChunkEnd;
      phase_ = Phase::ChunkDataLf;
      return H1Fault::None;
    case Phase::ChunkDataLf:
      if (c != '\n') return H1Fault::BadChunkEnd;
      phase_ = Phase::ChunkSize;
      counted_ = 0;
      return H1Fault::None;
    default: return extension(c);
  }
}

H1Fault H1BodyDecoder::size_digit(uint8_t c) {
  if (++counted_ > kMostDigits) return H1Fault::BadChunkSize;
  left_ = left_ << 4 | hex_value(static_cast<char>(c));
  return left_ > kMostSize ? H1Fault::BadChunkSize : H1Fault::None;
}

H1Fault H1BodyDecoder::size_end(uint8_t c) {
  if (c == '\n') return H1Fault::BareLf;
  if (counted_ == 0 || (c != '\r' && c != ';')) return H1Fault::BadChunkSize;
  phase_ = c == '\r' ? Phase::ChunkSizeLf : Phase::ExtensionName;
  counted_ = 0;
  token_begun_ = false;
  return H1Fault::None;
}

// RFC 9112 section 7.1.1, without the white space that it calls bad: nobody sends it, and readers
// have disagreed on where it ends.
H1Fault H1BodyDecoder::extension(uint8_t c) {
  constexpr H1Fault kBad = H1Fault::BadChunkExtension;
  if (c == '\n') return H1Fault::BareLf;
  if (++counted_ > most_) return kBad;
  bool in_token = phase_ == Phase::ExtensionName || phase_ == Phase::ExtensionToken;
  bool may_end = in_token ? token_begun_ : phase_ == Phase::ExtensionEnd;
  if (in_token && is_char(kTokenChar, c)) {
    token_begun_ = true;
  } else if (may_end && (c == '\r' || c == ';')) {
    phase_ = c == '\r' ? Phase::ChunkSizeLf : Phase::ExtensionName;
    token_begun_ = false;
  } else if (phase_ == Phase::ExtensionName && token_begun_ && c == '=') {
    phase_ = Phase::ExtensionValue;
  } else if (phase_ == Phase::ExtensionValue && (c == '"' || is_char(kTokenChar, c))) {
    phase_ = c == '"' ? Phase::ExtensionQuoted : Phase::ExtensionToken;
    token_begun_ = true;
  } else if (phase_ == Phase::ExtensionQuoted && (c == '"' || c == '\\')) {
    phase_ = c == '"' ? Phase::ExtensionEnd : Phase::ExtensionEscape;
  } else if (phase_ == Phase::ExtensionQuoted || phase_ == Phase::ExtensionEscape) {
    if (is_char(kControl, c)) return kBad;
    phase_ = Phase::ExtensionQuoted;
  } else {
    return kBad;
  }
  return H1Fault::None;
}

const FieldList& H1BodyDecoder::trailers() const {
  static const FieldList kNone;
  return trailers_ ? *trailers_ : kNone;
}

// Returns how many bytes belong to the section.
size_t H1BodyDecoder::take_trailers(Bytes in) {
  size_t before = section_.size();
  section_.append(as_text(in.first(std::min(in.size(), most_ + 1 - before))));
  HeadScan::Result found = scan_.look(as_bytes(section_), most_);
  if (found.kind == HeadScan::Kind::Found) {
    section_.resize(found.size);
    fault_ = parse_trailers();
    if (fault_ == H1Fault::None) phase_ = Phase::Done;
  }
  if (found.kind == HeadScan::Kind::Refused) fault_ = found.fault;
  return section_.size() - before;
}

H1Fault H1BodyDecoder::parse_trailers() {
  if (section_ == "\r\n") return H1Fault::None;
  trailers_ = std::make_unique<FieldList>();
  H1Fault fault = parse_field_lines(section_, FieldList::kMost, *trailers_);
  if (fault != H1Fault::None) return fault;
  auto fields = trailers_->all();
  return std::all_of(fields.begin(), fields.end(), may_trail) ? fault : H1Fault::BadTrailer;
}

size_t put_chunk_front(uint8_t* data, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  DCHECK(size > 0);
  uint8_t* at = data;
  *--at = '\n';
  *--at = '\r';
  for (; size > 0; size >>= 4) *--at = static_cast<uint8_t>(kDigits[size & 15]);
  return static_cast<size_t>(data - at);
}

void put_chunk_back(uint8_t* end) {
  end[0] = '\r';
  end[1] = '\n';
}

}  // namespace sallyport
