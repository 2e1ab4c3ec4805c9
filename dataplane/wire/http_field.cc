#include "dataplane/wire/http_field.h"

#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

// '_' as '-', upper case as lower case.
constexpr std::array<char, 256> kFolded = [] {
  std::array<char, 256> all{};
  for (size_t i = 0; i < all.size(); ++i) {
    auto c = static_cast<char>(i);
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    all[i] = c == '_' ? '-' : c;
  }
  return all;
}();

char folded(char c) { return kFolded[static_cast<uint8_t>(c)]; }

// REQUIRES: `name` is at least as long as `known`, which is folded.
bool begins(std::string_view name, std::string_view known) {
  for (size_t i = 0; i < known.size(); ++i) {
    if (folded(name[i]) != known[i]) return false;
  }
  return true;
}

struct Known {
  FieldName id;
  std::string_view name;
};

FieldName among(std::string_view name, std::initializer_list<Known> all) {
  for (const Known& known : all) {
    // The last letter tells nearly all of one length apart.
    if (folded(name.back()) == known.name.back() && begins(name, known.name)) return known.id;
  }
  return FieldName::Other;
}

// REQUIRES: all in `all` are as long as `name`; that is what the switch is for.
FieldName by_length(std::string_view name) {
  using enum FieldName;
  switch (name.size()) {
    case 2: return among(name, {{Te, "te"}});
    case 3: return among(name, {{Via, "via"}});
    case 4: return among(name, {{Host, "host"}, {Date, "date"}});
    case 5: return among(name, {{Proxy, "proxy"}});
    case 6: return among(name, {{Accept, "accept"}, {Expect, "expect"}, {Server, "server"}});
    case 7: return among(name, {{Upgrade, "upgrade"}, {Trailer, "trailer"}, {Referer, "referer"}});
    case 8: return among(name, {{XScheme, "x-scheme"}});
    case 9: return among(name, {{Forwarded, "forwarded"}, {XRealIp, "x-real-ip"}});
    case 10:
      return among(name, {{UserAgent, "user-agent"},
                          {Connection, "connection"},
                          {KeepAlive, "keep-alive"}});
    case 11: return among(name, {{ClientCert, "client-cert"}});
    case 12: return among(name, {{ContentType, "content-type"}, {XRequestId, "x-request-id"}});
    case 14: return among(name, {{ContentLength, "content-length"}});
    case 15: return among(name, {{XForwardedFor, "x-forwarded-for"}});
    case 16:
      return among(name, {{XForwardedHost, "x-forwarded-host"},
                          {XForwardedPort, "x-forwarded-port"},
                          {ProxyConnection, "proxy-connection"}});
    case 17:
      return among(name, {{TransferEncoding, "transfer-encoding"},
                          {XForwardedProto, "x-forwarded-proto"},
                          {ClientCert, "client-cert-chain"}});
    case 18:
      return among(name, {{XForwardedScheme, "x-forwarded-scheme"},
                          {ProxyAuthenticate, "proxy-authenticate"}});
    case 19: return among(name, {{ProxyAuthorization, "proxy-authorization"}});
    case 23: return among(name, {{XForwardedClientCert, "x-forwarded-client-cert"}});
    default: return Other;
  }
}

}  // namespace

FieldName field_name(std::string_view name) {
  constexpr std::string_view kSslClient = "ssl-client-";
  if (name.size() >= kSslClient.size() && begins(name, kSslClient)) return FieldName::SslClient;
  return by_length(name);
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace sallyport
