#include "dataplane/base/check.h"
#include "dataplane/wire/h1_field_lines.h"
#include "dataplane/wire/h1_framing.h"
#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

constexpr std::string_view kShortest = "HTTP/1.1 200";

// `line` is without its CRLF. Without a reason phrase the space before it may be missing, too: many
// servers forget it, and nobody can read that in another way.
H1Fault parse_status_line(std::string_view line, ResponseHead& out) {
  if (!line.starts_with("HTTP/1.") || line.size() < 9) return H1Fault::BadVersion;
  if (!is_char(kDigit, line[7]) || line[8] != ' ') return H1Fault::BadVersion;
  if (line.size() < kShortest.size()) return H1Fault::BadStatus;
  std::string_view digits = line.substr(9, 3), rest = line.substr(kShortest.size());
  if (!all_chars(kDigit, digits)) return H1Fault::BadStatus;
  if (digits[0] < '1' || digits[0] > '5') return H1Fault::BadStatus;
  if (!rest.empty() && rest.front() != ' ') return H1Fault::BadStatus;
  out.minor = line[7] == '0' ? 0 : 1;
  out.status = static_cast<uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 +
                                     (digits[2] - '0'));
  out.reason = rest.empty() ? rest : rest.substr(1);
  return H1Fault::None;
}

// RFC 9112 section 6.3, in its order.
H1Fault take_body(const H1Framing& framing, Method to, ResponseHead& out) {
  bool interim = out.status < 200;
  if (interim || out.status == 204) {
    // Both MUST NOT announce a body (RFC 9110 sections 8.6, 15.2 and 15.3.5): who does may send it.
    if (framing.chunked) return H1Fault::BadTransferEncoding;
    bool announced = framing.length_field != nullptr && (interim || framing.length > 0);
    return announced ? H1Fault::BadContentLength : H1Fault::None;
  }
  if (to == Method::Head || out.status == 304) return H1Fault::None;
  if (framing.chunked) {
    out.body = BodyKind::Chunked;
  } else if (framing.length_field != nullptr) {
    out.body = BodyKind::Length;
    out.length = framing.length;
  } else {
    out.body = BodyKind::UntilClose;
    out.keep_alive = false;
  }
  return H1Fault::None;
}

H1Fault take_upgrade(const H1Framing& framing, ResponseHead& out) {
  if (out.status != 101) return H1Fault::None;
  if (!framing.upgrades || framing.several_upgrades || !is_upgrade(framing.upgrade)) {
    return H1Fault::BadUpgrade;
  }
  out.upgrade = framing.upgrade;
  out.keep_alive = false;
  return H1Fault::None;
}

void clear(ResponseHead& out) {
  out.fields.clear();
  out.upgrade = {};
  out.body = BodyKind::None;
  out.length = 0;
}

}  // namespace

H1Fault parse_response_head(Bytes head, size_t most_fields, Method to, ResponseHead& out) {
  std::string_view text = as_text(head);
  DCHECK(text.ends_with("\r\n\r\n"));
  clear(out);
  size_t end = text.find('\r');
  H1Fault fault = parse_status_line(text.substr(0, end), out);
  if (fault != H1Fault::None) return fault;
  fault = parse_field_lines(text.substr(end + 2), most_fields, out.fields);
  H1Framing framing;
  if (fault == H1Fault::None) fault = read_framing(out.fields, out.minor, framing);
  if (fault != H1Fault::None) return fault;
  out.keep_alive = stays_open(framing, out.minor);
  fault = take_body(framing, to, out);
  return fault == H1Fault::None ? take_upgrade(framing, out) : fault;
}

}  // namespace sallyport
