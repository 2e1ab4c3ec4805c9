// Header and trailer fields (RFC 9110 section 5): names that the proxy knows, and a list of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport {

/// The names that something in the proxy asks for. Found once, while parsing, so that everybody
/// after that compares a byte.
enum class FieldName : uint8_t {
  Other,
  Accept,
  ClientCert,          // Client-Cert and Client-Cert-Chain, RFC 9440
  Connection,
  ContentLength,
  ContentType,
  Date,
  Expect,
  Forwarded,           // RFC 7239
  Host,
  KeepAlive,
  Proxy,               // httpoxy (CVE-2016-5385)
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  Referer,
  Server,
  SslClient,           // every name that begins with "ssl-client-", in any spelling
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Via,
  XForwardedClientCert,
  XForwardedFor,
  XForwardedHost,
  XForwardedPort,
  XForwardedProto,
  XForwardedScheme,
  XRealIp,
  XRequestId,
  XScheme,
};

/// A name is compared without regard to case, and '_' counts as '-': backends that turn both into
/// one variable must not be told what the other spelling was forbidden to say.
FieldName field_name(std::string_view name);

/// ASCII only (RFC 9110 section 5.1).
bool same_name(std::string_view a, std::string_view b);

struct Field {
  std::string_view name;   // as sent
  std::string_view value;  // without white space around it
  FieldName id = FieldName::Other;
};

/// Views into the bytes that were parsed, in their order. Fixed room: nothing is allocated.
class FieldList {
 public:
  static constexpr size_t kMost = 128;

  void clear() { size_ = 0; }
  bool full() const { return size_ == kMost; }
  /// REQUIRES: !full().
  void add(const Field& field) { fields_[size_++] = field; }
  std::span<const Field> all() const { return {fields_.data(), size_}; }
  size_t size() const { return size_; }
  /// The first of that name, or null.
  const Field* find(FieldName id) const {
    for (const Field& f : all()) {
      if (f.id == id) return &f;
    }
    return nullptr;
  }

 private:
  size_t size_ = 0;
  std::array<Field, kMost> fields_;
};

/// Visits the members of a comma-separated list (RFC 9110 section 5.6.1), without white space
/// around them; empty members are passed over. `visit` returns false to stop.
template <class F>
void for_each_member(std::string_view list, F&& visit) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view member = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t')) {
      member.remove_prefix(1);
    }
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t')) {
      member.remove_suffix(1);
    }
    if (!member.empty() && !visit(member)) return;
  }
}

}  // namespace sallyport
