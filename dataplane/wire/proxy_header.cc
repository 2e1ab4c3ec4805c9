#include "dataplane/wire/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "dataplane/base/check.h"

namespace sallyport {
namespace {

constexpr std::string_view kSignature1 = "PROXY";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kTcp4Line = "PROXY TCP4 ";
constexpr std::string_view kTcp6Line = "PROXY TCP6 ";  // as long as the other
constexpr std::string_view kUnknownLine = "PROXY UNKNOWN";
constexpr size_t kMaxLine = 107;      // specification section 2.1, CRLF included
constexpr size_t kFixedPart = 16;     // of version 2: signature, command, family, length
constexpr size_t kMaxUniqueId = 128;  // section 2.2.5
constexpr size_t kMaxText = 255;
// Addresses, five texts with their type and length, and the fixed part of the TLS block.
static_assert(kFixedPart + 36 + 5 * (3 + kMaxText) + 3 + 5 <= kMaxProxySend);

enum Tlv : uint8_t {
  kAlpn = 0x01,
  kAuthority = 0x02,
  kCrc32c = 0x03,
  kUniqueId = 0x05,
  kTls = 0x20,
  kTlsVersion = 0x21,
  kTlsCommonName = 0x22,
  kTlsCipher = 0x23,
};

enum TlsFlag : uint8_t { kTlsUsed = 0x01, kCertOfConnection = 0x02, kCertOfSession = 0x04 };

constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;

bool begins_alike(Bytes received, std::string_view signature) {
  size_t size = std::min(received.size(), signature.size());
  return as_text(received.first(size)) == signature.substr(0, size);
}

// ---- Version 1: a line of text.

// The next word and the one space behind it; nothing if there is no such space.
std::optional<std::string_view> word(std::string_view& line) {
  size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::string_view found = line.substr(0, space);
  line.remove_prefix(space + 1);
  return found;
}

std::optional<uint16_t> port_number(std::string_view text) {
  // from_chars takes no sign and no space, but zeros in front.
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// Only the family's own spelling: no brackets, no zone, no other family.
std::optional<Address> ip_of(std::string_view text, bool six) {
  constexpr std::string_view kFour = "0123456789.";
  constexpr std::string_view kSix = "0123456789abcdefABCDEF:.";
  if (text.find_first_not_of(six ? kSix : kFour) != std::string_view::npos) return std::nullopt;
  if (six != (text.find(':') != std::string_view::npos)) return std::nullopt;
  return Address::parse_ip(text);
}

bool parse_addresses(std::string_view line, bool six, ProxyHeader& out) {
  std::optional<std::string_view> source = word(line), destination = word(line);
  std::optional<std::string_view> source_port = word(line);
  if (!source || !destination || !source_port) return false;
  std::optional<Address> from = ip_of(*source, six), to = ip_of(*destination, six);
  std::optional<uint16_t> from_port = port_number(*source_port), to_port = port_number(line);
  if (!from || !to || !from_port || !to_port) return false;
  out.source = from->with_port(*from_port);
  out.destination = to->with_port(*to_port);
  return true;
}

bool parse_line(std::string_view line, ProxyHeader& out) {
  bool six = line.starts_with(kTcp6Line);
  if (six || line.starts_with(kTcp4Line)) {
    return parse_addresses(line.substr(kTcp4Line.size()), six, out);
  }
  out.local = true;  // whatever follows is to be ignored
  return line == kUnknownLine ||
         (line.starts_with(kUnknownLine) && line[kUnknownLine.size()] == ' ');
}

ProxyStatus parse_v1(Bytes received, ProxyHeader& out, size_t& used) {
  // Noise without a line's end is not waited for.
  if (!begins_alike(received, kTcp4Line) && !begins_alike(received, kTcp6Line) &&
      !begins_alike(received, kUnknownLine)) {
    return ProxyStatus::Malformed;
  }
  std::string_view text = as_text(received.first(std::min(received.size(), kMaxLine)));
  size_t end = text.substr(0, kMaxLine - 1).find_first_of("\r\n");
  if (end == std::string_view::npos) {
    return text.size() < kMaxLine - 1 ? ProxyStatus::NeedMore : ProxyStatus::Malformed;
  }
  if (text.substr(end) == "\r") return ProxyStatus::NeedMore;
  if (text.substr(end, 2) != "\r\n") return ProxyStatus::Malformed;
  if (!parse_line(text.substr(0, end), out)) return ProxyStatus::Malformed;
  used = end + 2;
  return ProxyStatus::Complete;
}

// ---- Version 2: numbers.

// CRC32c as in RFC 4960 appendix B, of `bytes` as if the four at `hole` were zero.
uint32_t crc32c(Bytes bytes, size_t hole) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < bytes.size(); ++i) {
    crc ^= i >= hole && i < hole + 4 ? 0u : bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
  }
  return ~crc;
}

}  // namespace

// The list of additions behind the addresses.
class ProxyTlvs {
 public:
  ProxyTlvs(Bytes header, ProxyHeader& out) : header_(header), out_(out) {}

  bool parse(Bytes list) {
    for (Reader reader(list); !reader.empty();) {
      uint32_t type = 0;
      Bytes value;
      if (!reader.u8(type) || !reader.vector(2, value)) return false;
      if (!tlv(type, value)) return false;
    }
    return true;
  }

 private:
  bool tlv(uint32_t type, Bytes value) {
    switch (type) {
      case kAlpn: return once(type) && keep(value, out_.alpn_, out_.alpn_size_);
      case kAuthority: return once(type) && keep(value, out_.authority_, out_.authority_size_);
      case kCrc32c: return once(type) && checksum(value);
      case kUniqueId: return once(type) && value.size() <= kMaxUniqueId;
      case kTls: return once(type) && tls(value);
      default: return true;  // padding, namespaces, what others have agreed on
    }
  }

  // Of two values, another reader could believe the other one.
  bool once(uint32_t type) {
    uint64_t bit = uint64_t{1} << type;
    bool first = (seen_ & bit) == 0;
    seen_ |= bit;
    return first;
  }

  static bool keep(Bytes value, char (&into)[kMaxText], uint8_t& size) {
    if (value.size() > kMaxText) return false;
    std::copy(value.begin(), value.end(), into);
    size = static_cast<uint8_t>(value.size());
    return true;
  }

  bool checksum(Bytes value) const {
    if (value.size() != 4) return false;
    uint32_t said = 0;
    for (uint8_t byte : value) said = said << 8 | byte;
    return said == crc32c(header_, static_cast<size_t>(value.data() - header_.data()));
  }

  // One byte of flags, four of the verification's result, then TLVs of their own. Only their form
  // matters: nothing here is decided by what another proxy saw of a certificate.
  static bool tls(Bytes value) {
    if (value.size() < 5) return false;
    for (Reader reader(value.subspan(5)); !reader.empty();) {
      uint32_t type = 0;
      Bytes inner;
      if (!reader.u8(type) || !reader.vector(2, inner)) return false;
    }
    return true;
  }

  Bytes header_;
  ProxyHeader& out_;
  uint64_t seen_ = 0;
};

namespace {

Address address_at(const uint8_t* ip, const uint8_t* port_bytes, bool six) {
  auto port = static_cast<uint16_t>(port_bytes[0] << 8 | port_bytes[1]);
  if (six) {
    uint8_t bytes[16];
    std::memcpy(bytes, ip, sizeof bytes);
    return Address::v6(bytes, port);
  }
  uint32_t number = uint32_t{ip[0]} << 24 | uint32_t{ip[1]} << 16 | uint32_t{ip[2]} << 8 | ip[3];
  return Address::v4(number, port);
}

// The block behind the fixed part of a PROXY command; `header` is all of it.
bool parse_block(Bytes header, ProxyHeader& out) {
  uint8_t family = header[13] >> 4, transport = header[13] & 0x0f;
  if (family > 3 || transport > 2) return false;
  out.local = header[13] != kTcp4 && header[13] != kTcp6;
  // Without a family nobody can tell how long its addresses are, nor what comes after them.
  if (family == 0 || transport == 0) return true;
  constexpr size_t kAddresses[] = {0, 12, 36, 216};  // unspecified, IPv4, IPv6, Unix
  Bytes block = header.subspan(kFixedPart);
  if (block.size() < kAddresses[family]) return false;
  if (!out.local) {
    bool six = header[13] == kTcp6;
    size_t ip = six ? 16 : 4;
    out.source = address_at(&block[0], &block[2 * ip], six);
    out.destination = address_at(&block[ip], &block[2 * ip + 2], six);
  }
  return ProxyTlvs(header, out).parse(block.subspan(kAddresses[family]));
}

ProxyStatus parse_v2(Bytes received, ProxyHeader& out, size_t& used) {
  if (received.size() <= kSignature2.size()) return ProxyStatus::NeedMore;
  uint8_t version = received[12] >> 4, command = received[12] & 0x0f;
  if (version != 2 || command > 1) return ProxyStatus::Malformed;
  if (received.size() < kFixedPart) return ProxyStatus::NeedMore;
  size_t size = kFixedPart + static_cast<size_t>(received[14] << 8 | received[15]);
  if (size > kMaxProxyHeader) return ProxyStatus::Malformed;
  if (received.size() < size) return ProxyStatus::NeedMore;
  // Of LOCAL everything else is discarded, "including the family which is ignored".
  out.local = command == 0;
  if (!out.local && !parse_block(received.first(size), out)) return ProxyStatus::Malformed;
  used = size;
  return ProxyStatus::Complete;
}

// ---- Writing.

class Writer {
 public:
  explicit Writer(MutableBytes out) : out_(out) {}

  void u8(size_t value) { out_[size_++] = static_cast<uint8_t>(value); }
  void u16(size_t value) {
    u8(value >> 8);
    u8(value);
  }
  void bytes(Bytes from) {
    std::copy(from.begin(), from.end(), out_.subspan(size_, from.size()).begin());
    size_ += from.size();
  }
  void tlv(uint8_t type, std::string_view value) {
    if (value.empty() || value.size() > kMaxText) return;
    u8(type);
    u16(value.size());
    bytes(as_bytes(value));
  }
  /// Fills in the two bytes at `at` with the number of bytes that follow them.
  void length_at(size_t at) {
    size_t length = size_ - at - 2;
    out_[at] = static_cast<uint8_t>(length >> 8);
    out_[at + 1] = static_cast<uint8_t>(length);
  }
  size_t size() const { return size_; }

 private:
  MutableBytes out_;
  size_t size_ = 0;
};

// As IPv6, mapped if need be. (Address itself turns mapped addresses into IPv4.)
void write_ip(Writer& writer, const Address& address, bool six) {
  constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (six && address.is_v4()) writer.bytes(kMapped);
  writer.bytes({address.ip_bytes(), address.ip_size()});
}

void write_tls(Writer& writer, const ProxyTls& tls) {
  writer.u8(kTls);
  size_t length = writer.size();
  writer.u16(0);
  uint8_t flags = kTlsUsed;
  if (tls.client_cert) flags |= kCertOfSession;
  if (tls.client_cert && !tls.resumed) flags |= kCertOfConnection;
  writer.u8(flags);
  writer.u16(0);
  writer.u16(tls.client_cert && tls.verified ? 0 : 1);
  writer.tlv(kTlsVersion, tls.version);
  writer.tlv(kTlsCipher, tls.cipher);
  if (tls.client_cert) writer.tlv(kTlsCommonName, tls.common_name);
  writer.length_at(length);
}

// Receivers log this text as it came, so IPv6 is written the short way. A mapped address gets no
// dotted end, though, which the specification's grammar does not have.
std::string ip_in_line(const Address& address, bool six) {
  if (!six || !address.is_v4()) return address.ip_text();
  const uint8_t* ip = address.ip_bytes();
  char text[24];
  std::snprintf(text, sizeof text, "::ffff:%x:%x", static_cast<unsigned>(ip[0] << 8 | ip[1]),
                static_cast<unsigned>(ip[2] << 8 | ip[3]));
  return text;
}

}  // namespace

ProxyStatus parse_proxy_header(Bytes received, ProxyHeader& out, size_t& used) {
  bool first = begins_alike(received, kSignature1), second = begins_alike(received, kSignature2);
  if (!first && !second) return ProxyStatus::Absent;
  if (received.size() < kSignature1.size()) return ProxyStatus::NeedMore;
  ProxyHeader header;
  ProxyStatus status = (first ? parse_v1 : parse_v2)(received, header, used);
  if (status == ProxyStatus::Complete) out = header;
  return status;
}

size_t write_proxy_v1(const ProxySend& send, MutableBytes out) {
  CHECK(out.size() >= kMaxProxySend);
  auto* text = reinterpret_cast<char*>(out.data());
  if (!send.source.valid() || !send.destination.valid()) {
    return static_cast<size_t>(std::snprintf(text, out.size(), "PROXY UNKNOWN\r\n"));
  }
  bool six = !send.source.is_v4() || !send.destination.is_v4();
  std::string source = ip_in_line(send.source, six);
  std::string destination = ip_in_line(send.destination, six);
  int size = std::snprintf(text, out.size(), "PROXY TCP%c %s %s %u %u\r\n", six ? '6' : '4',
                           source.c_str(), destination.c_str(), send.source.port(),
                           send.destination.port());
  return static_cast<size_t>(size);
}

size_t write_proxy_v2(const ProxySend& send, MutableBytes out) {
  CHECK(out.size() >= kMaxProxySend);
  Writer writer(out);
  writer.bytes(as_bytes(kSignature2));
  writer.u8(0x21);  // version 2, command PROXY
  bool known = send.source.valid() && send.destination.valid();
  bool six = known && (!send.source.is_v4() || !send.destination.is_v4());
  writer.u8(!known ? 0 : six ? kTcp6 : kTcp4);
  size_t length = writer.size();
  writer.u16(0);
  if (known) {
    write_ip(writer, send.source, six);
    write_ip(writer, send.destination, six);
    writer.u16(send.source.port());
    writer.u16(send.destination.port());
  }
  writer.tlv(kAlpn, send.alpn);
  writer.tlv(kAuthority, send.authority);
  if (send.tls != nullptr) write_tls(writer, *send.tls);
  writer.length_at(length);
  return writer.size();
}

}  // namespace sallyport
