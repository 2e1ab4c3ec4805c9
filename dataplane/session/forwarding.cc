#include "dataplane/session/forwarding.h"

#include <array>
#include <optional>

#include "dataplane/base/ip_text.h"
#include "dataplane/relay/request_id.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {

namespace {

constexpr std::string_view kHsts = "Strict-Transport-Security";
constexpr std::string_view kWebSocketKey = "Sec-WebSocket-Key";

// "10.0.0.1", "10.0.0.1:1234", "[::1]:1234", "::1": what proxies write into X-Forwarded-For.
std::optional<Address> parse_node(std::string_view text) {
  if (auto bare = Address::parse_ip(text)) return bare;
  return Address::parse(text);
}

// The farthest address that is believed: from the last sender backwards, as long as each is
// trusted to have told of the one before it.
Address farthest(const RequestHead& request, const HttpConfig& http, const Address& sender) {
  Address client = sender;
  std::span<const Field> fields = request.fields.all();
  for (size_t i = fields.size(); i-- > 0;) {
    if (fields[i].id != FieldName::XForwardedFor) continue;
    std::string_view list = fields[i].value;
    while (!list.empty()) {
      size_t comma = list.rfind(',');
      std::string_view member = list.substr(comma == std::string_view::npos ? 0 : comma + 1);
      list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
      while (!member.empty() && member.front() == ' ') member.remove_prefix(1);
      while (!member.empty() && member.back() == ' ') member.remove_suffix(1);
      auto address = parse_node(member);
      if (!address) return client;
      client = *address;
      if (!contains(http.trusted_networks, client)) return client;
    }
  }
  return client;
}

bool is_hop_field(FieldName id) {
  switch (id) {
    case FieldName::Connection:
    case FieldName::KeepAlive:
    case FieldName::ProxyConnection:
    case FieldName::Te:
    case FieldName::TransferEncoding:
    case FieldName::Upgrade:
    case FieldName::ContentLength:  // written anew
      return true;
    default: return false;
  }
}

// Names that the message's Connection lists go no further; but nobody can have a field removed that
// the other side must see, or that we add.
class NamedHops {
 public:
  explicit NamedHops(const FieldList& fields) {
    for (const Field& f : fields.all()) any_ |= f.id == FieldName::Connection;
    if (any_) fields_ = &fields;
  }
  bool has(std::string_view name) const {
    if (!any_) return false;
    bool found = false;
    for (const Field& f : fields_->all()) {
      if (f.id != FieldName::Connection) continue;
      for_each_member(f.value, [&](std::string_view member) {
        found = same_name(member, name);
        return !found;
      });
      if (found) return true;
    }
    return false;
  }

 private:
  const FieldList* fields_ = nullptr;
  bool any_ = false;
};

bool only_we_say(FieldName id) {
  switch (id) {
    case FieldName::Host:
    case FieldName::Proxy:
    case FieldName::ProxyAuthorization:
    case FieldName::SslClient:
    case FieldName::ClientCert:
    case FieldName::XForwardedClientCert:
    case FieldName::XForwardedFor:
    case FieldName::XRealIp:
    case FieldName::XRequestId:
      return true;
    default: return false;
  }
}

// Passed on from those who are believed.
bool only_trusted_say(FieldName id) {
  switch (id) {
    case FieldName::Forwarded:
    case FieldName::XForwardedHost:
    case FieldName::XForwardedPort:
    case FieldName::XForwardedProto:
    case FieldName::XForwardedScheme:
    case FieldName::XScheme:
      return true;
    default: return false;
  }
}

void write_forwarded_for(H1Writer& out, const ForwardRequest& f) {
  out.put("X-Forwarded-For: ");
  if (f.forwarded.trusted) {
    for (const Field& field : f.request.fields.all()) {
      if (field.id != FieldName::XForwardedFor || field.value.empty()) continue;
      out.put(field.value);
      out.put(", ");
    }
  }
  out.put(IpText(f.forwarded.sender).view());
  out.put("\r\n");
}

void write_forwarded(H1Writer& out, const ForwardRequest& f) {
  out.put("Forwarded: ");
  if (f.forwarded.trusted) {
    for (const Field& field : f.request.fields.all()) {
      if (field.id != FieldName::Forwarded || field.value.empty()) continue;
      out.put(field.value);
      out.put(", ");
    }
  }
  IpText ip(f.forwarded.sender);
  bool v6 = !f.forwarded.sender.is_v4();
  out.put(v6 ? "for=\"[" : "for=");
  out.put(ip.view());
  out.put(v6 ? "]\"" : "");
  out.put(";host=\"");
  out.put(f.forwarded.host);
  out.put("\";proto=");
  out.put(f.forwarded.proto);
  out.put("\r\n");
}

void write_who(H1Writer& out, const ForwardRequest& f) {
  const FieldList& fields = f.request.fields;
  bool trusted = f.forwarded.trusted;
  write_forwarded_for(out, f);
  if (!trusted || !fields.find(FieldName::XForwardedProto)) {
    out.field("X-Forwarded-Proto", f.forwarded.proto);
  }
  if (!trusted || !fields.find(FieldName::XForwardedHost)) {
    out.field("X-Forwarded-Host", f.forwarded.host);
  }
  if (!trusted || !fields.find(FieldName::XForwardedPort)) {
    out.field("X-Forwarded-Port", f.forwarded.port);
  }
  out.field("X-Real-IP", IpText(f.forwarded.client).view());
  out.field("X-Request-ID", f.forwarded.request_id);
  if (f.http.forwarded) write_forwarded(out, f);
  if (!f.identity) return;
  for (const auto& [name, value] : f.identity->fields) out.field(name, value);
}

void write_request_framing(H1Writer& out, const ForwardRequest& f) {
  const RequestHead& request = f.request;
  if (request.body == BodyKind::Length) {
    out.field("Content-Length", request.length);
  } else if (request.body == BodyKind::Chunked) {
    out.put("Transfer-Encoding: chunked\r\n");
  }
  std::string_view upgrade = upgrade_of(request);
  if (!upgrade.empty() && f.upgrade) {
    out.field("Upgrade", upgrade);
    out.put("Connection: upgrade\r\n");
    if (!f.websocket_key.empty()) out.field(kWebSocketKey, f.websocket_key);
  } else if (request.takes_trailers) {
    out.put("TE: trailers\r\nConnection: TE\r\n");
  }
}

// Some backends take '_' and '-' for the same.
bool resembles(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto plain = [](char c) { return c == '_' ? '-' : lower(c); };
  for (size_t i = 0; i < a.size(); ++i) {
    if (plain(a[i]) != plain(b[i])) return false;
  }
  return true;
}

bool is_among(const std::vector<FieldConfig>& fields, std::string_view name) {
  for (const FieldConfig& field : fields) {
    if (resembles(field.name, name)) return true;
  }
  return false;
}

void write_fields(H1Writer& out, const std::vector<FieldConfig>& fields) {
  for (const FieldConfig& field : fields) {
    if (!field.value.empty()) out.field(field.name, field.value);
  }
}

bool is_replaced(const ResponseAdditions& additions, std::string_view name) {
  if (additions.treatment && is_among(additions.treatment->response_fields, name)) return true;
  return !additions.hsts.empty() && same_name(name, kHsts);
}

void write_additions(H1Writer& out, const ResponseAdditions& additions) {
  if (!additions.hsts.empty()) out.field(kHsts, additions.hsts);
  const RouteTreatment* treatment = additions.treatment;
  if (!treatment) return;
  write_fields(out, treatment->response_fields);
  if (additions.cookie.empty()) return;
  const AffinityConfig& affinity = *treatment->affinity;
  out.put("Set-Cookie: ");
  out.put(affinity.cookie);
  out.put('=');
  out.put(additions.cookie);
  out.put(treatment->cookie_end);
  out.put(affinity.secure.value_or(additions.tls) ? "; Secure\r\n" : "\r\n");
}

void write_response_fields(H1Writer& out, const ResponseHead& response, bool keep_length,
                           const ResponseAdditions& additions) {
  NamedHops hops(response.fields);
  for (const Field& f : response.fields.all()) {
    if (is_replaced(additions, f.name)) continue;
    if (f.id == FieldName::ContentLength && keep_length) {
      out.field(f.name, f.value);
      continue;
    }
    if (is_hop_field(f.id) || f.id == FieldName::ProxyAuthenticate || hops.has(f.name)) continue;
    out.field(f.name, f.value);
  }
}

}  // namespace

Forwarded forwarded_of(const RequestHead& request, const HttpConfig& http, const Address& sender,
                       bool tls, uint16_t port, std::string_view request_id) {
  Forwarded f;
  f.trusted = !http.trusted_networks.empty() && contains(http.trusted_networks, sender);
  f.sender = sender;
  f.client = f.trusted ? farthest(request, http, sender) : sender;
  f.proto = tls ? "https" : "http";
  f.host = request.authority;
  f.port = port;
  f.request_id = request_id;
  if (f.trusted) {
    const Field* given = request.fields.find(FieldName::XRequestId);
    if (given && is_request_id(given->value)) f.request_id = given->value;
  }
  return f;
}

// An upgrade to HTTP/2 would make our reading of the connection wrong (RFC 9113 section 3.1 has
// done away with it); and a body before a switch of protocols is nobody's practice.
std::string_view upgrade_of(const RequestHead& request) {
  if (request.body != BodyKind::None || request.minor == 0) return {};
  bool good = true;
  for_each_member(request.upgrade, [&](std::string_view member) {
    good = good && !same_name(member, "h2c") && !same_name(member, "h2") &&
           !same_name(member, "TLS/1.0");
    return good;
  });
  return good ? request.upgrade : std::string_view();
}

void write_request_head(H1Writer& out, const ForwardRequest& f) {
  out.put(f.request.method_text);
  out.put(' ');
  out.put(f.path);
  if (!f.query_in_path) out.put(f.request.query);
  out.put(" HTTP/1.1\r\n");
  const RouteTreatment* treatment = f.treatment;
  bool other_host = treatment && !treatment->host_header.empty();
  out.field("Host", other_host ? treatment->host_header : f.request.authority);
  NamedHops hops(f.request.fields);
  for (const Field& field : f.request.fields.all()) {
    if (is_hop_field(field.id) || only_we_say(field.id)) continue;
    if (only_trusted_say(field.id)) {
      bool ours = field.id == FieldName::Forwarded && f.http.forwarded;
      if (!f.forwarded.trusted || ours) continue;
    } else if (hops.has(field.name)) {
      continue;
    }
    if (treatment && is_among(treatment->request_fields, field.name)) continue;
    if (!f.websocket_key.empty() && same_name(field.name, kWebSocketKey)) continue;
    if (!f.http.keep_underscores && field.name.find('_') != std::string_view::npos) continue;
    out.field(field.name, field.value);
  }
  if (treatment) write_fields(out, treatment->request_fields);
  write_who(out, f);
  write_request_framing(out, f);
  out.put("\r\n");
}

void write_response_head(H1Writer& out, const ResponseHead& response,
                         const ResponseFraming& framing) {
  out.status_line(response.status, response.reason);
  bool keep_length = framing.head_only || response.status == 304;
  write_response_fields(out, response, keep_length, framing.additions);
  write_additions(out, framing.additions);
  if (framing.body == BodyKind::Length) {
    out.field("Content-Length", framing.length);
  } else if (framing.body == BodyKind::Chunked) {
    out.put("Transfer-Encoding: chunked\r\n");
  }
  if (!response.fields.find(FieldName::Date)) out.field("Date", framing.date);
  if (framing.close) {
    out.put("Connection: close\r\n");
  } else if (framing.minor == 0) {
    out.put("Connection: keep-alive\r\n");
  }
  out.put("\r\n");
}

void write_interim_head(H1Writer& out, const ResponseHead& response) {
  out.status_line(response.status, response.reason);
  write_response_fields(out, response, false, {});
  out.put("\r\n");
}

void write_upgrade_head(H1Writer& out, const ResponseHead& response, std::string_view upgrade,
                        std::string_view accept, const ResponseAdditions& additions) {
  out.status_line(101, "Switching Protocols");
  write_response_fields(out, response, false, additions);
  write_additions(out, additions);
  out.field("Upgrade", upgrade);
  if (!accept.empty()) out.field("Sec-WebSocket-Accept", accept);
  out.put("Connection: upgrade\r\n\r\n");
}

}  // namespace sallyport
