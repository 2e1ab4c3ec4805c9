#include "dataplane/base/check.h"
#include "dataplane/wire/authority.h"
#include "dataplane/wire/h1_field_lines.h"
#include "dataplane/wire/h1_framing.h"
#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

constexpr size_t kVersionSize = 8;  // "HTTP/1.1"

H1Fault parse_version(std::string_view text, uint8_t& minor) {
  if (text.substr(0, 5) != "HTTP/" || !is_char(kDigit, text[5]) || text[6] != '.' ||
      !is_char(kDigit, text[7])) {
    return H1Fault::BadVersion;
  }
  if (text[5] != '1') return H1Fault::VersionNotSupported;
  minor = text[7] == '0' ? 0 : 1;  // RFC 9110 section 2.5: a later 1.x is understood as 1.1
  return H1Fault::None;
}

void split_query(std::string_view text, RequestHead& out) {
  size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  out.query = mark == std::string_view::npos ? std::string_view() : text.substr(mark);
}

// RFC 9112 section 3.2.2. What is left of `text` behind the authority is path and query.
H1Fault parse_absolute(std::string_view text, RequestHead& out) {
  size_t colon = text.find("://");
  if (colon == std::string_view::npos) return H1Fault::BadTarget;
  out.scheme = text.substr(0, colon);
  if (!same_name(out.scheme, "http") && !same_name(out.scheme, "https")) return H1Fault::BadTarget;
  text.remove_prefix(colon + 3);
  size_t end = text.find_first_of("/?");
  out.authority = text.substr(0, end);
  split_query(end == std::string_view::npos ? std::string_view() : text.substr(end), out);
  if (out.path.empty()) {
    bool asterisk = out.method == Method::Options && out.query.empty();
    out.path = asterisk ? "*" : "/";  // RFC 9112 section 3.2.4
  }
  return H1Fault::None;
}

H1Fault parse_target(std::string_view text, RequestHead& out) {
  if (text.empty() || !all_chars(kTargetChar, text)) return H1Fault::BadTarget;
  if (out.method == Method::Connect) return H1Fault::BadTarget;
  if (text == "*") {
    out.path = text;
    return out.method == Method::Options ? H1Fault::None : H1Fault::BadTarget;
  }
  if (text.front() == '/') {
    split_query(text, out);
  } else if (H1Fault fault = parse_absolute(text, out); fault != H1Fault::None) {
    return fault;
  }
  return out.path == "*" || all_chars(kPathChar, out.path) ? H1Fault::None : H1Fault::BadTarget;
}

// `line` is without its CRLF.
H1Fault parse_request_line(std::string_view line, RequestHead& out) {
  size_t space = line.find(' ');
  out.method_text = line.substr(0, space);
  if (!is_token(out.method_text)) return H1Fault::BadMethod;
  if (line.size() < space + 1 + 1 + kVersionSize) return H1Fault::BadTarget;
  size_t target = space + 1, version = line.size() - kVersionSize;
  DCHECK(line[version - 1] == ' ');  // HeadScan has seen to it
  H1Fault fault = parse_version(line.substr(version), out.minor);
  if (fault != H1Fault::None) return fault;
  out.method = method_of(out.method_text);
  return parse_target(line.substr(target, version - 1 - target), out);
}

// The target's authority wins over Host (RFC 9112 section 3.2.2), but there is no honest reason for
// two: whoever stands behind us may decide otherwise.
H1Fault take_host(const Field* field, RequestHead& out) {
  if (field == nullptr) return H1Fault::NoHost;
  Authority of_field;
  if (!parse_authority(field->value, of_field)) return H1Fault::InvalidHost;
  if (out.scheme.empty()) {
    out.authority = field->value;
    out.host = of_field.host;
    return H1Fault::None;
  }
  Authority of_target;
  if (!parse_authority(out.authority, of_target)) return H1Fault::BadTarget;
  out.host = of_target.host;
  uint16_t default_port = out.scheme.size() == 5 ? 443 : 80;
  return same_authority(of_target, of_field, default_port) ? H1Fault::None : H1Fault::HostDiffers;
}

H1Fault take_upgrade(const H1Framing& framing, RequestHead& out) {
  // RFC 9110 section 7.8: of HTTP/1.0 it is ignored, and so it is where Connection is silent.
  if (!framing.upgrades || framing.upgrade.empty() || out.minor == 0) return H1Fault::None;
  if (framing.several_upgrades || !is_upgrade(framing.upgrade)) return H1Fault::BadUpgrade;
  out.upgrade = framing.upgrade;
  return H1Fault::None;
}

H1Fault take_framing(RequestHead& out) {
  H1Framing framing;
  H1Fault fault = read_framing(out.fields, out.minor, framing);
  if (fault == H1Fault::None) fault = take_host(framing.host, out);
  if (fault == H1Fault::None) fault = take_upgrade(framing, out);
  if (fault != H1Fault::None) return fault;
  if (framing.expects_other && out.minor > 0) return H1Fault::BadExpect;
  if (framing.chunked) {
    out.body = BodyKind::Chunked;
  } else if (framing.length_field != nullptr) {
    out.body = BodyKind::Length;
    out.length = framing.length;
  }
  bool some_body = framing.chunked || out.length > 0;
  out.expects_continue = framing.expects_continue && out.minor > 0 && some_body;
  out.keep_alive = stays_open(framing, out.minor);
  out.takes_trailers = framing.takes_trailers;
  return H1Fault::None;
}

// The list is not assigned to: it is five kilobytes of which the first few count.
void clear(RequestHead& out) {
  out.fields.clear();
  out.path = out.query = out.scheme = out.authority = out.host = out.upgrade = {};
  out.body = BodyKind::None;
  out.length = 0;
}

}  // namespace

H1Fault parse_request_head(Bytes head, size_t most_fields, RequestHead& out) {
  std::string_view text = as_text(head);
  DCHECK(text.ends_with("\r\n\r\n"));
  clear(out);
  size_t end = text.find('\r');
  H1Fault fault = parse_request_line(text.substr(0, end), out);
  if (fault != H1Fault::None) return fault;
  fault = parse_field_lines(text.substr(end + 2), most_fields, out.fields);
  return fault == H1Fault::None ? take_framing(out) : fault;
}

}  // namespace sallyport
