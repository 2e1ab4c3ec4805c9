// What must hold of parse_proxy_header() for any bytes whatever, and of what write_proxy_*() write
// for any content. Shared by the fuzz target and by the unit test that runs the corpus.
#pragma once

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"
#include "dataplane/wire/proxy_header.h"

namespace sallyport {

struct ProxyLook {
  ProxyStatus status;
  ProxyHeader header;
  size_t used = 0;
};

inline ProxyLook look_at_proxy(Bytes received) {
  ProxyLook look;
  look.status = parse_proxy_header(received, look.header, look.used);
  if (look.status == ProxyStatus::NeedMore) CHECK(received.size() < kMaxProxyHeader);
  if (look.status == ProxyStatus::Complete) {
    CHECK(look.used <= received.size() && look.used <= kMaxProxyHeader);
    CHECK(look.header.local || (look.header.source.valid() && look.header.destination.valid()));
  }
  return look;
}

inline bool same_proxy_header(const ProxyHeader& a, const ProxyHeader& b) {
  return a.local == b.local && a.source == b.source && a.destination == b.destination &&
         a.authority() == b.authority() && a.alpn() == b.alpn();
}

inline void check_written_proxy(const ProxySend& send) {
  bool known = send.source.valid() && send.destination.valid();
  for (auto write : {write_proxy_v1, write_proxy_v2}) {
    std::array<uint8_t, kMaxProxySend> buffer;
    size_t size = write(send, buffer);
    ProxyLook look = look_at_proxy(Bytes(buffer).first(size));
    CHECK(look.status == ProxyStatus::Complete && look.used == size);
    CHECK(look.header.local == !known);
    if (!known) continue;
    CHECK(look.header.source == send.source && look.header.destination == send.destination);
    if (write == write_proxy_v1) continue;
    CHECK(look.header.authority() == (send.authority.size() > 255 ? "" : send.authority));
    CHECK(look.header.alpn() == (send.alpn.size() > 255 ? "" : send.alpn));
  }
}

inline void check_proxy_header(Bytes received) {
  ProxyLook whole = look_at_proxy(received);
  for (size_t size = 0; size < std::min(received.size(), kMaxProxyHeader + 1); ++size) {
    ProxyLook part = look_at_proxy(received.first(size));
    CHECK(part.status == ProxyStatus::NeedMore || part.status == whole.status);
    if (part.status != ProxyStatus::Complete) continue;
    CHECK(part.used == whole.used && same_proxy_header(part.header, whole.header));
  }
  if (whole.status != ProxyStatus::Complete) return;
  CHECK(look_at_proxy(received.first(whole.used)).status == ProxyStatus::Complete);
  CHECK(look_at_proxy(received.first(whole.used - 1)).status == ProxyStatus::NeedMore);
  const ProxyHeader& said = whole.header;
  check_written_proxy({said.source, said.destination, said.authority(), said.alpn(), nullptr});
}

namespace proxy_rules {

// Takes what there is; after the end, zeros.
inline uint8_t byte(Reader& reader) {
  uint32_t value = 0;
  return reader.u8(value) ? static_cast<uint8_t>(value) : uint8_t{0};
}

inline Address address(Reader& reader) {
  int family = byte(reader) % 4;
  auto port = static_cast<uint16_t>(byte(reader) << 8 | byte(reader));
  uint8_t ip[16];
  for (uint8_t& part : ip) part = byte(reader);
  if (family == 0) return {};
  if (family == 1) return Address::v4(uint32_t{ip[0]} << 24 | ip[3], port);
  return Address::v6(ip, port);
}

inline std::string_view text(Reader& reader) {
  Bytes value;
  size_t size = size_t{byte(reader)} + byte(reader) % 16;  // a few are too long to be sent
  return reader.take(size, value) ? as_text(value) : std::string_view();
}

}  // namespace proxy_rules

/// Writes a header of which `from` chooses the content.
inline void check_proxy_round_trip(Bytes from) {
  Reader reader(from);
  ProxyTls tls;
  uint8_t flags = proxy_rules::byte(reader);
  tls.client_cert = flags & 1;
  tls.resumed = flags & 2;
  tls.verified = flags & 4;
  ProxySend send;
  send.source = proxy_rules::address(reader);
  send.destination = proxy_rules::address(reader);
  send.authority = proxy_rules::text(reader);
  send.alpn = proxy_rules::text(reader);
  tls.version = proxy_rules::text(reader);
  tls.cipher = proxy_rules::text(reader);
  tls.common_name = proxy_rules::text(reader);
  if (flags & 8) send.tls = &tls;
  check_written_proxy(send);
}

}  // namespace sallyport
