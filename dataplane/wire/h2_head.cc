#include "dataplane/wire/h2_head.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/wire/h1_writer.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {

namespace {

void put(Block& out, std::string_view text) { out.append(as_bytes(text)); }

void put_field(Block& out, std::string_view name, std::string_view value) {
  put(out, name);
  put(out, ": ");
  put(out, value);
  put(out, "\r\n");
}

bool is_lower_token(std::string_view name) {
  if (!is_token(name)) return false;
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) { return is_char(kControl, c); });
}

// RFC 9113 section 8.2.2.
bool is_connection_field(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 2: return name == "te" && !same_name(value, "trailers");
    case 7: return name == "upgrade";
    case 10: return name == "connection" || name == "keep-alive";
    case 16: return name == "proxy-connection";
    case 17: return name == "transfer-encoding";
    default: return false;
  }
}

constexpr std::string_view kWebSocket = "websocket";

// What a handshake of WebSocket needs in HTTP/1 only (RFC 8441 section 5).
bool is_key_field(std::string_view name) {
  return name == "sec-websocket-key" || name == "sec-websocket-accept";
}

bool has_no_body(uint16_t status, Method to) {
  return status < 200 || status == 204 || status == 304 || to == Method::Head;
}

}  // namespace

void H2HeadText::begin(Of of, size_t most) {
  clear();
  of_ = of;
  most_ = most;
}

void H2HeadText::clear() {
  fault_ = H1Fault::None;
  regular_ = has_length_ = false;
  status_ = 0;
  size_ = hosts_ = 0;
  for (Range& range : ranges_) range = {};
  host_range_ = {};
  pseudo_.clear();
  fields_.clear();
  cookies_.clear();
}

void H2HeadText::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + 4;  // as a line
  if (size_ > most_) {
    fault_ = H1Fault::HeadTooLarge;
    return;
  }
  if (fault_ != H1Fault::None) return;
  if (!name.empty() && name.front() == ':') return add_pseudo(name, value);
  regular_ = true;
  add_field(name, value);
}

void H2HeadText::add_pseudo(std::string_view name, std::string_view value) {
  static constexpr std::string_view kNames[kPseudos] = {":method", ":scheme", ":authority",
                                                        ":path", ":protocol", ":status"};
  bool of_response = name == kNames[kStatus];
  size_t which = 0;
  while (which < kPseudos && kNames[which] != name) ++which;
  bool belongs = which < kPseudos && of_ != Of::Trailers && of_response == (of_ == Of::Response);
  if (!belongs || regular_ || ranges_[which].given) {
    fault_ = H1Fault::BadPseudoField;
    return;
  }
  ranges_[which] = {pseudo_.rest().size(), value.size(), true};
  pseudo_.append(as_bytes(value));
}

void H2HeadText::add_field(std::string_view name, std::string_view value) {
  if (!is_lower_token(name)) {
    fault_ = H1Fault::BadFieldName;
  } else if (has_control(value)) {
    fault_ = H1Fault::ControlCharacter;
  } else if (is_connection_field(name, value)) {
    fault_ = H1Fault::ConnectionField;
  } else if (name == "cookie" && of_ == Of::Request) {
    // RFC 9113 section 8.2.3: crumbs are one field to everybody else.
    if (!cookies_.empty()) put(cookies_, "; ");
    put(cookies_, value);
  } else if (name == "host" && of_ == Of::Request) {
    if (++hosts_ > 1) fault_ = H1Fault::SeveralHosts;
    host_range_ = {pseudo_.rest().size(), value.size(), true};
    pseudo_.append(as_bytes(value));
  } else {
    has_length_ |= name == "content-length";
    put_field(fields_, name, value);
  }
}

std::string_view H2HeadText::text(Pseudo which) const {
  const Range& range = ranges_[which];
  return as_text(Bytes(pseudo_.rest())).substr(range.begin, range.size);
}

// Nothing may become a line of its own, or a word more of the first one.
H1Fault H2HeadText::check_request() {
  if (H1Fault fault = check_method(); fault != H1Fault::None) return fault;
  if (!ranges_[kPath].given || !ranges_[kScheme].given) return H1Fault::BadPseudoField;
  std::string_view scheme = text(kScheme), path = text(kPath);
  if (!same_name(scheme, "http") && !same_name(scheme, "https")) return H1Fault::BadPseudoField;
  bool begins = !path.empty() && (path.front() == '/' || path == "*");
  if (!begins || !all_chars(kTargetChar, path)) return H1Fault::BadTarget;
  if (ranges_[kAuthority].given) {
    bool plain = !text(kAuthority).empty() && all_chars(kTargetChar, text(kAuthority)) &&
                 text(kAuthority).find_first_of("/?") == std::string_view::npos;
    return plain ? H1Fault::None : H1Fault::InvalidHost;
  }
  return host_range_.given ? H1Fault::None : H1Fault::NoHost;
}

H1Fault H2HeadText::check_method() {
  if (!ranges_[kMethod].given) return H1Fault::BadPseudoField;
  if (!is_token(text(kMethod))) return H1Fault::BadMethod;
  bool connect = text(kMethod) == "CONNECT";
  if (!ranges_[kProtocol].given) return connect ? H1Fault::BadTarget : H1Fault::None;
  if (!connect) return H1Fault::BadPseudoField;
  if (has_length_) return H1Fault::BadContentLength;
  return same_name(text(kProtocol), kWebSocket) ? H1Fault::None : H1Fault::UnknownProtocol;
}

void H2HeadText::write_request_line(Block& out) const {
  std::string_view host =
      as_text(Bytes(pseudo_.rest())).substr(host_range_.begin, host_range_.size);
  std::string_view authority = ranges_[kAuthority].given ? text(kAuthority) : host;
  if (!host_range_.given) host = authority;
  put(out, ranges_[kProtocol].given ? "GET" : text(kMethod));
  put(out, " ");
  if (host != authority) {
    // Where the two differ it is the parser that says whether they mean the same.
    put(out, text(kScheme));
    put(out, "://");
    put(out, authority);
  }
  if (host == authority || text(kPath) != "*") put(out, text(kPath));
  put(out, " HTTP/1.1\r\n");
  put_field(out, "Host", host);
  if (!ranges_[kProtocol].given) return;
  put_field(out, "Upgrade", kWebSocket);
  put_field(out, "Connection", "Upgrade");
}

H1Fault H2HeadText::end(bool end_of_stream, Block& out, Method to) {
  out.clear();
  if (fault_ != H1Fault::None) return fault_;
  if (of_ == Of::Request) {
    if (H1Fault fault = check_request(); fault != H1Fault::None) return fault;
    write_request_line(out);
  } else if (of_ == Of::Response) {
    std::string_view digits = text(kStatus);
    if (digits.size() != 3 || !all_chars(kDigit, digits)) return H1Fault::BadStatus;
    status_ = static_cast<uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 +
                                    (digits[2] - '0'));
    // RFC 9113 section 8.6: there is no 101.
    if (status_ == 101) return H1Fault::BadStatus;
    put(out, "HTTP/1.1 ");
    put(out, digits);
    // HTTP/2 has none, and clients of HTTP/1.1 exist (h2load) that see no status without one.
    put(out, " ");
    put(out, reason_phrase(status_));
    put(out, "\r\n");
  }
  out.append(fields_.rest());
  if (!cookies_.empty()) put_field(out, "cookie", as_text(Bytes(cookies_.rest())));
  bool framed = has_length_ || of_ == Of::Trailers || ranges_[kProtocol].given ||
                (of_ == Of::Request ? end_of_stream : has_no_body(status_, to));
  if (!framed) {
    put(out, end_of_stream ? "Content-Length: 0\r\n" : "Transfer-Encoding: chunked\r\n");
  }
  put(out, "\r\n");
  return H1Fault::None;
}

namespace {

// Visits the lines of `text`, which ends with an empty one or with the last; false: enough.
template <class F>
bool for_each_line(MutableBytes bytes, F&& visit) {
  char* at = reinterpret_cast<char*>(bytes.data());
  char* end = at + bytes.size();
  while (at < end) {
    auto* stop = static_cast<char*>(std::memchr(at, '\r', static_cast<size_t>(end - at)));
    DCHECK(stop && stop + 1 < end);
    if (stop == at) return true;
    auto* colon = static_cast<char*>(std::memchr(at, ':', static_cast<size_t>(stop - at)));
    DCHECK(colon);
    for (char* c = at; c < colon; ++c) *c = lower(*c);
    char* value = colon + 1;
    while (value < stop && *value == ' ') ++value;
    if (!visit(std::string_view(at, static_cast<size_t>(colon - at)),
               std::string_view(value, static_cast<size_t>(stop - value)))) {
      return false;
    }
    at = stop + 2;
  }
  return true;
}

MutableBytes behind_first_line(MutableBytes head) {
  size_t end = as_text(Bytes(head)).find('\n');
  DCHECK(end != std::string_view::npos);
  return head.subspan(end + 1);
}

}  // namespace

bool h2_response_fields(MutableBytes head, H2FieldArray& out) {
  out.clear();
  std::string_view status = as_text(Bytes(head)).substr(9, 3);
  bool switches = status == "101";
  out.add(":status", switches ? "200" : status);
  return for_each_line(behind_first_line(head), [&](auto name, auto value) {
    return is_connection_field(name, value) || (switches && is_key_field(name)) ||
           out.add(name, value);
  });
}

bool h2_request_fields(MutableBytes head, std::string_view scheme, H2FieldArray& out) {
  out.clear();
  std::string_view text = as_text(Bytes(head));
  std::string_view line = text.substr(0, text.find('\r'));
  size_t space = line.find(' '), last = line.rfind(' ');
  out.add(":method", line.substr(0, space));
  out.add(":scheme", scheme);
  out.add(":authority", {});
  out.add(":path", line.substr(space + 1, last - space - 1));
  H2Field& authority = out[2];
  bool connect = false;
  MutableBytes lines = behind_first_line(head);
  bool fits = for_each_line(lines, [&](auto name, auto value) {
    if (name == "host") {
      if (authority.value.empty()) authority.value = value;
      return true;
    }
    connect |= name == "upgrade" && same_name(value, kWebSocket);
    return is_connection_field(name, value) || out.add(name, value);
  });
  if (!connect) return fits;
  H2Field host = authority, path = out[3];
  out.clear();
  out.add(":method", "CONNECT");
  out.add(":protocol", kWebSocket);
  out.add(":scheme", scheme);
  out.add(host.name, host.value);
  out.add(path.name, path.value);
  return for_each_line(lines, [&](auto name, auto value) {
    return name == "host" || is_connection_field(name, value) || is_key_field(name) ||
           out.add(name, value);
  });
}

bool h2_trailer_fields(MutableBytes lines, H2FieldArray& out) {
  out.clear();
  return for_each_line(lines, [&](auto name, auto value) {
    return is_connection_field(name, value) || out.add(name, value);
  });
}

}  // namespace sallyport
