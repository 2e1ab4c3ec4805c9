#include "dataplane/wire/h1_framing.h"

#include <limits>

#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

// Digits and nothing else, and not more than a signed number holds: others count with those.
bool parse_length(std::string_view text, uint64_t& out) {
  constexpr size_t kMostDigits = std::numeric_limits<int64_t>::digits10 + 1;
  if (text.empty() || text.size() > kMostDigits || !all_chars(kDigit, text)) return false;
  out = 0;
  for (char c : text) out = out * 10 + static_cast<uint64_t>(c - '0');
  return out <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

H1Fault take_length(const Field& field, H1Framing& out) {
  // The other spelling is another field, but not for a backend that makes variables of both.
  if (field.name[7] != '-') return H1Fault::BadFieldName;
  if (out.length_field != nullptr || field.value.find(',') != std::string_view::npos) {
    return H1Fault::SeveralContentLengths;
  }
  out.length_field = &field;
  return parse_length(field.value, out.length) ? H1Fault::None : H1Fault::BadContentLength;
}

H1Fault take_coding(const Field& field, uint8_t minor, H1Framing& out) {
  if (field.name[8] != '-') return H1Fault::BadFieldName;
  // HTTP/1.0 does not know the field: what stands between us may not, either (RFC 9112 6.1).
  if (out.coding_field != nullptr || minor == 0 || !same_name(field.value, "chunked")) {
    return H1Fault::BadTransferEncoding;
  }
  out.coding_field = &field;
  out.chunked = true;
  return H1Fault::None;
}

H1Fault take_connection(const Field& field, H1Framing& out) {
  bool tokens = true;
  for_each_member(field.value, [&](std::string_view option) {
    tokens = is_token(option);
    if (same_name(option, "close")) out.closes = true;
    if (same_name(option, "keep-alive")) out.keeps_alive = true;
    if (same_name(option, "upgrade")) out.upgrades = true;
    return tokens;
  });
  return tokens ? H1Fault::None : H1Fault::BadFieldValue;
}

void take_te(const Field& field, H1Framing& out) {
  for_each_member(field.value, [&](std::string_view coding) {
    if (same_name(coding, "trailers")) out.takes_trailers = true;
    return !out.takes_trailers;
  });
}

H1Fault take(const Field& field, uint8_t minor, H1Framing& out) {
  switch (field.id) {
    case FieldName::ContentLength: return take_length(field, out);
    case FieldName::TransferEncoding: return take_coding(field, minor, out);
    case FieldName::Connection: return take_connection(field, out);
    case FieldName::Te: take_te(field, out); return H1Fault::None;
    case FieldName::Host:
      if (out.host != nullptr) return H1Fault::SeveralHosts;
      out.host = &field;
      return H1Fault::None;
    case FieldName::Upgrade:
      out.several_upgrades = out.upgrade.data() != nullptr;
      out.upgrade = field.value;
      return H1Fault::None;
    case FieldName::Expect:
      (same_name(field.value, "100-continue") ? out.expects_continue : out.expects_other) = true;
      return H1Fault::None;
    default: return H1Fault::None;
  }
}

}  // namespace

H1Fault read_framing(const FieldList& fields, uint8_t minor, H1Framing& out) {
  for (const Field& field : fields.all()) {
    if (H1Fault fault = take(field, minor, out); fault != H1Fault::None) return fault;
  }
  if (out.length_field != nullptr && out.coding_field != nullptr) {
    return H1Fault::LengthAndTransferEncoding;
  }
  return H1Fault::None;
}

bool stays_open(const H1Framing& framing, uint8_t minor) {
  return !framing.closes && (minor > 0 || framing.keeps_alive);
}

bool is_upgrade(std::string_view text) {
  bool some = false, good = true;
  for_each_member(text, [&](std::string_view protocol) {
    some = true;
    size_t slash = protocol.find('/');
    good = is_token(protocol.substr(0, slash)) &&
           (slash == std::string_view::npos || is_token(protocol.substr(slash + 1)));
    return good;
  });
  return some && good;
}

}  // namespace sallyport
