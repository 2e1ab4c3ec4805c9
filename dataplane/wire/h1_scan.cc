#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

constexpr std::string_view kHttp = "HTTP/";
constexpr std::string_view kVersion = " HTTP/1.1";

#if defined(__SSE2__)
// A bit for each of 16 bytes that is a control character: at most 0x1f but not HTAB, or DEL.
uint32_t controls(const char* at) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  __m128i found = _mm_or_si128(_mm_andnot_si128(tab, low), del);
  return static_cast<uint32_t>(_mm_movemask_epi8(found));
}
#endif

// The next control character at or behind `from`, or the size.
size_t next_control(std::string_view text, size_t from) {
#if defined(__SSE2__)
  for (; from + 16 <= text.size(); from += 16) {
    uint32_t found = controls(text.data() + from);
    if (found != 0) return from + static_cast<size_t>(std::countr_zero(found));
  }
#endif
  while (from < text.size() && !is_char(kControl, text[from])) ++from;
  return from;
}

HeadScan::Result refused(H1Fault fault) { return {HeadScan::Kind::Refused, 0, fault}; }

}  // namespace

void HeadScan::reset() {
  scanned_ = 0;
  phase_ = of_ == Of::Trailers ? Phase::Fields : Phase::Start;
}

// A method, or "HTTP/", as far as it has come.
H1Fault HeadScan::start(std::string_view seen) {
  if (of_ == Of::Response) {
    size_t size = std::min(seen.size(), kHttp.size());
    if (seen.substr(0, size) != kHttp.substr(0, size)) return H1Fault::NotHttp;
    scanned_ = size;
    if (size == kHttp.size()) phase_ = Phase::FirstLine;
    return H1Fault::None;
  }
  if (seen == "\r") return H1Fault::None;  // maybe half of what leading_crlf() passes over
  size_t at = scanned_;
  while (at < seen.size() && is_char(kTokenChar, seen[at])) ++at;
  scanned_ = at;
  if (at == seen.size()) return H1Fault::None;
  if (at > 0 && seen[at] == ' ') {
    phase_ = Phase::FirstLine;
    return H1Fault::None;
  }
  return at > 0 && is_char(kTargetChar, seen[at]) ? H1Fault::BadMethod : H1Fault::NotHttp;
}

// `seen` ends with the CRLF that was just found; all before it is made of such lines.
HeadScan::Result HeadScan::line_end(std::string_view seen) {
  std::string_view line = seen.substr(0, seen.size() - 2);
  if (phase_ == Phase::Fields && (line.empty() || line.back() == '\n')) {
    return {Kind::Found, seen.size()};
  }
  if (phase_ == Phase::FirstLine && of_ == Of::Request) {
    // Without a version it is HTTP/0.9, which sends nothing more and waits.
    std::string_view end = line.substr(line.size() - std::min(line.size(), kVersion.size()));
    if (end.substr(0, 6) != kVersion.substr(0, 6)) return refused(H1Fault::BadVersion);
  }
  phase_ = Phase::Fields;
  return {Kind::NeedMore};
}

HeadScan::Result HeadScan::look(Bytes received, size_t most) {
  std::string_view seen = as_text(received.first(std::min(received.size(), most)));
  if (phase_ == Phase::Start) {
    if (H1Fault fault = start(seen); fault != H1Fault::None) return refused(fault);
  }
  while (phase_ != Phase::Start) {
    scanned_ = next_control(seen, scanned_);
    if (scanned_ == seen.size()) break;
    if (seen[scanned_] == '\n') return refused(H1Fault::BareLf);
    if (seen[scanned_] != '\r') return refused(H1Fault::ControlCharacter);
    if (scanned_ + 1 == seen.size()) break;  // its LF may come
    if (seen[scanned_ + 1] != '\n') return refused(H1Fault::BareCr);
    scanned_ += 2;
    Result result = line_end(seen.substr(0, scanned_));
    if (result.kind != Kind::NeedMore) return result;
  }
  return received.size() > most ? refused(H1Fault::HeadTooLarge) : Result{Kind::NeedMore};
}

size_t leading_crlf(Bytes received) { return as_text(received).starts_with("\r\n") ? 2 : 0; }

}  // namespace sallyport
