#include "dataplane/model/route_fields.h"

#include <algorithm>
#include <string_view>

#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

constexpr size_t kMostOfName = 128;
constexpr size_t kMostOfValue = 4096;
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

// Of one hop, or of the message's framing (RFC 9110 section 7.6.1, RFC 9112 section 6).
constexpr std::string_view kOfOneHop[] = {
    "connection", "content-length", "keep-alive",        "proxy-authenticate",
    "te",         "trailer",        "transfer-encoding", "proxy-connection",
    "upgrade"};

struct Advice {
  std::string_view name;
  const char* text;
};
constexpr const char* kWritten = "is written by the proxy itself, so that backends can believe it";
constexpr Advice kOfRequests[] = {
    {"client-cert", kWritten},       {"client-cert-chain", kWritten},
    {"expect", kWritten},            {"forwarded", kWritten},
    {"host", "is said by host_header"},
    {"proxy", "is never sent: backends take it for a setting of theirs"},
    {"proxy-authorization", "is for proxies, not for backends"},
    {"x-forwarded-client-cert", kWritten}, {"x-forwarded-for", kWritten},
    {"x-forwarded-host", kWritten},  {"x-forwarded-port", kWritten},
    {"x-forwarded-proto", kWritten}, {"x-forwarded-scheme", kWritten},
    {"x-real-ip", kWritten},         {"x-request-id", kWritten},
    {"x-scheme", kWritten}};
constexpr Advice kOfResponses[] = {
    {"strict-transport-security", "is said by hsts on the site, which keeps it to TLS"}};

// Some backends take '_' and '-' for the same.
std::string comparable(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == '_' ? '-' : c;
  return out;
}

// Why nobody may set the field, or null. `name` is comparable.
const char* reserved(std::string_view name, MessageKind kind) {
  if (std::ranges::find(kOfOneHop, name) != std::end(kOfOneHop)) {
    return "belongs to one connection, and is written by the proxy itself";
  }
  if (kind == MessageKind::Request && name.starts_with("ssl-client-")) return kWritten;
  std::span<const Advice> all =
      kind == MessageKind::Request ? std::span<const Advice>(kOfRequests) : kOfResponses;
  auto found = std::ranges::find(all, name, &Advice::name);
  return found == all.end() ? nullptr : found->text;
}

bool is_value(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (text.empty()) return true;
  if (text.size() > kMostOfValue || blank(text.front()) || blank(text.back())) return false;
  return std::ranges::none_of(text, [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7f;
  });
}

Result<void> check_name(std::string_view name, MessageKind kind) {
  if (!is_field_token(name) || name.size() > kMostOfName) {
    return Error{in_quotes(name) + " is not a field's name: write letters, digits and hyphens"};
  }
  if (const char* why = reserved(comparable(name), kind)) {
    return Error{in_quotes(name) + " cannot be set here: it " + why};
  }
  return {};
}

Result<void> check_value(std::string_view value) {
  if (is_value(value)) return {};
  return Error{in_quotes(value) + " is not a field's value: write at most 4096 characters without "
                                  "line ends, and none of the white space around it"};
}

}  // namespace

bool is_field_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kTokenMarks.find(c) != std::string_view::npos;
  });
}

Result<void> check_field(const FieldConfig& field, MessageKind kind) {
  // What nginx tells backends where client certificates are switched off: nothing to believe.
  bool nobody = field.name == "ssl-client-verify" && field.value == "NONE";
  if (nobody && kind == MessageKind::Request) return {};
  Result<void> name = check_name(field.name, kind);
  return name ? check_value(field.value) : name;
}

std::vector<FieldConfig> check_fields(const DraftFields& draft, MessageKind kind,
                                      Problems& problems) {
  std::vector<FieldConfig> fields;
  if (!draft) return fields;
  for (const DraftField& field : *draft) {
    if (auto good = check_name(*field.name, kind); !good) {
      complain(problems, field.name.place, good.error().message);
      continue;
    }
    if (!field.value) continue;
    if (auto good = check_value(*field.value); !good) {
      complain(problems, field.value.place, good.error().message);
      continue;
    }
    std::string name = comparable(*field.name);
    bool twice = std::ranges::any_of(
        fields, [&](const FieldConfig& other) { return comparable(other.name) == name; });
    if (twice) {
      complain(problems, field.name.place,
               in_quotes(*field.name) + " is set twice here: leave one of them out");
    } else {
      fields.push_back({*field.name, *field.value});
    }
  }
  return fields;
}

}  // namespace sallyport
