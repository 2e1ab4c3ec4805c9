#include "dataplane/observe/nginx_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sallyport {

namespace {

constexpr size_t kTextMost = 512;
constexpr size_t kRequestMost = 4096;

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

void append_escaped(std::string& out, std::string_view text, size_t most = kTextMost) {
  constexpr char kHex[] = "0123456789ABCDEF";
  text = text.substr(0, most);
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && kPlain[static_cast<uint8_t>(text[plain])]) ++plain;
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    uint8_t c = static_cast<uint8_t>(text[0]);
    const char escape[] = {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    out.append(escape, sizeof escape);
    text.remove_prefix(1);
  }
}

void append_or_dash(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += '-';
  } else {
    append_escaped(out, text);
  }
}

void append_number(std::string& out, uint64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// As nginx writes times and statuses: never fewer than `width` digits.
void append_digits(std::string& out, size_t width, uint64_t value) {
  char digits[24];
  size_t size = static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr -
                                    digits);
  if (size < width) out.append(width - size, '0');
  out.append(digits, size);
}

void append_seconds(std::string& out, Micros time) {
  uint64_t millis = time.count() > 0 ? static_cast<uint64_t>(time.count()) / 1000 : 0;
  append_number(out, millis / 1000);
  out += '.';
  append_digits(out, 3, millis % 1000);
}

// "31/Mar/2026:23:04:05 +0000", in brackets.
void append_time(std::string& out, WallTime time) {
  using namespace std::chrono;
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  sys_days day = floor<days>(time);
  year_month_day date(day);
  uint64_t second = static_cast<uint64_t>(floor<seconds>(time - day).count());
  char text[] = "[00/Mon/0000:00:00:00 +0000]";
  auto put = [&text](size_t at, size_t width, uint64_t value) {
    for (size_t i = width; i-- > 0; value /= 10) text[at + i] = static_cast<char>('0' + value % 10);
  };
  put(1, 2, static_cast<unsigned>(date.day()));
  std::memcpy(text + 4, kMonths + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  put(8, 4, static_cast<uint64_t>(static_cast<int>(date.year())));
  put(13, 2, second / 3600);
  put(16, 2, second / 60 % 60);
  put(19, 2, second % 60);
  out.append(text, sizeof text - 1);
}

void append_request_line(std::string& out, const RequestRecord& r) {
  out += " \"";
  if (!r.method.empty()) {
    append_escaped(out, r.method);
    out += ' ';
    append_escaped(out, r.path, kRequestMost);
    out += ' ';
    append_escaped(out, r.protocol);
  }
  out += "\" ";
}

uint16_t shown_status(const RequestRecord& r) {
  constexpr uint16_t kClientClosedRequest = 499;
  return r.status == 0 && r.end == RequestEnd::ClientAborted ? kClientClosedRequest : r.status;
}

// From when the head was there and an endpoint could be asked for.
void append_backend(std::string& out, const RequestRecord& r) {
  r.endpoint.append_text(out);
  out += ' ';
  if (!r.endpoint.valid()) {
    out += "- - -";
    return;
  }
  append_number(out, r.backend_body_bytes);
  out += ' ';
  Micros end = r.response_end >= Micros(0) ? r.response_end : r.duration;
  append_seconds(out, end - std::max(r.request_head, Micros(0)));
  out += ' ';
  if (r.backend_status) {
    append_digits(out, 3, r.backend_status);
  } else {
    out += '-';
  }
}

uint16_t stream_status(Reason reason) {
  switch (reason) {
    case Reason::OverConnections:
    case Reason::OverConnectionsPerClient: return 503;
    case Reason::ClientCertificateMissing:
    case Reason::ClientCertificateRejected: return 403;
    case Reason::NoEndpoint: return 502;
    // They end a connection that was served.
    case Reason::ClientReset:
    case Reason::ClientKeyUpdate:
    case Reason::ClientTruncated: return 200;
    default: break;
  }
  if (reason == Reason::Closed) return 200;
  switch (side_of(reason)) {
    case Side::Client: return 400;
    case Side::Backend: return 502;
    case Side::Proxy: return 200;
  }
  return 200;
}

}  // namespace

void append_nginx_line(std::string& out, const RequestRecord& r) {
  r.client.append_ip_text(out);
  out += " - - ";
  append_time(out, r.start + r.duration);
  append_request_line(out, r);
  append_digits(out, 3, shown_status(r));
  out += ' ';
  append_number(out, r.response_body_bytes);
  out += " \"";
  append_or_dash(out, r.referer);
  out += "\" \"";
  append_or_dash(out, r.user_agent);
  out += "\" ";
  append_number(out, r.request_head_bytes + r.request_body_bytes);
  out += ' ';
  append_seconds(out, r.duration);
  out += " [";
  append_or_dash(out, r.service);
  out += "] [] ";
  append_backend(out, r);
  out += ' ';
  append_or_dash(out, r.request_id);
  out += '\n';
}

void append_nginx_line(std::string& out, const ConnectionRecord& r) {
  out += '[';
  r.client.append_ip_text(out);
  out += "] ";
  append_time(out, r.start + r.duration);
  out += " TCP ";
  append_number(out, stream_status(r.reason));
  out += ' ';
  append_number(out, r.bytes_from_backend);
  out += ' ';
  append_number(out, r.bytes_from_client);
  out += ' ';
  append_seconds(out, r.duration);
  out += '\n';
}

}  // namespace sallyport
