#include "dataplane/wire/client_hello.h"

#include <algorithm>
#include <bitset>
#include <vector>

namespace sallyport {
namespace {

constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHello = 1;
constexpr size_t kRecordHeader = 5;
constexpr size_t kMessageHeader = 4;
constexpr size_t kMaxFragment = 1 << 14;  // RFC 8446 section 5.1

enum Extension : uint16_t {
  kServerName = 0,
  kAlpn = 16,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
};

// A letter, digit, hyphen or underscore in lower case; 0 for what no host name has.
char name_character(uint8_t byte) {
  if (byte >= 'A' && byte <= 'Z') return static_cast<char>(byte - 'A' + 'a');
  bool letter = byte >= 'a' && byte <= 'z';
  bool digit = byte >= '0' && byte <= '9';
  return letter || digit || byte == '-' || byte == '_' ? static_cast<char>(byte) : '\0';
}

// The fewest bytes of records that carry `size` bytes of a message.
size_t in_records(size_t size) {
  return size + kRecordHeader * ((size + kMaxFragment - 1) / kMaxFragment);
}

// REQUIRES: the record's header is there.
size_t fragment_size(Bytes record) { return static_cast<size_t>(record[3] << 8 | record[4]); }

}  // namespace

// The message inside of the records. Each step reads one field and says whether it was valid.
class ClientHelloMessage {
 public:
  explicit ClientHelloMessage(ClientHello& out) : out_(out) {}

  // RFC 8446 section 4.1.2. `body` is what follows the message's header.
  bool parse(Bytes body) {
    Reader reader(body);
    Bytes random;
    uint32_t legacy_version = 0;
    if (!reader.u16(legacy_version) || legacy_version < 0x0300) return false;
    out_.version_ = static_cast<uint16_t>(std::min(legacy_version, 0x0303u));
    if (!reader.take(32, random) || !legacy_fields(reader)) return false;
    if (reader.empty()) return true;  // up to TLS 1.2 the extensions may be missing
    Bytes list;
    return reader.vector(2, list) && reader.empty() && extensions(list);
  }

 private:
  static bool legacy_fields(Reader& reader) {
    Bytes session_id, cipher_suites, compression_methods;
    return reader.vector(1, session_id) && session_id.size() <= 32 &&
           reader.vector(2, cipher_suites) && !cipher_suites.empty() &&
           cipher_suites.size() % 2 == 0 && reader.vector(1, compression_methods) &&
           // "No compression" must be among them: RFC 5246 section 7.4.1.2.
           std::find(compression_methods.begin(), compression_methods.end(), 0) !=
               compression_methods.end();
  }

  bool extensions(Bytes list) {
    std::bitset<1 << 16> seen;
    for (Reader reader(list); !reader.empty();) {
      uint32_t type = 0;
      Bytes data;
      if (!reader.u16(type) || !reader.vector(2, data)) return false;
      // RFC 8446 section 4.2: none comes twice, or two readers could follow different ones.
      if (seen[type]) return false;
      seen[type] = true;
      // Section 4.2.11: pre_shared_key ends the list.
      if (type == kPreSharedKey && !reader.empty()) return false;
      if (!extension(type, data)) return false;
    }
    return true;
  }

  bool extension(uint32_t type, Bytes data) {
    switch (type) {
      case kServerName: return server_name(data);
      case kAlpn: return alpn(data);
      case kSupportedVersions: return supported_versions(data);
      default: return true;
    }
  }

  // RFC 6066 section 3 leaves room for several names of several types. No other type was ever
  // defined, and OpenSSL refuses whatever is not exactly one host_name.
  bool server_name(Bytes data) {
    Reader reader(data);
    Bytes list, name;
    uint32_t type = 0;
    if (!reader.vector(2, list) || !reader.empty()) return false;
    Reader entry(list);
    return entry.u8(type) && type == 0 && entry.vector(2, name) && entry.empty() && host_name(name);
  }

  bool host_name(Bytes name) {
    if (name.size() > sizeof out_.sni_) return false;
    // The dot of the root is not allowed, yet sent; nobody means another host by it.
    if (!name.empty() && name.back() == '.') name = name.first(name.size() - 1);
    uint8_t before = '.';
    for (size_t i = 0; i < name.size(); ++i) {
      char character = name[i] == '.' && before != '.' ? '.' : name_character(name[i]);
      if (character == '\0') return false;
      out_.sni_[i] = character;
      before = name[i];
    }
    out_.sni_size_ = static_cast<uint8_t>(name.size());
    return before != '.';  // ends in a label: neither empty nor followed by two dots
  }

  // RFC 7301 section 3.1.
  bool alpn(Bytes data) {
    Reader reader(data);
    Bytes list;
    if (!reader.vector(2, list) || !reader.empty() || list.empty()) return false;
    for (Reader names(list); !names.empty();) {
      Bytes name;
      if (!names.vector(1, name) || name.empty()) return false;
      keep_protocol(name);
    }
    return true;
  }

  void keep_protocol(Bytes name) {
    size_t at = out_.alpn_size_;
    out_.alpn_cut_ = out_.alpn_cut_ || at + 1 + name.size() > sizeof out_.alpn_;
    if (out_.alpn_cut_) return;
    out_.alpn_[at] = static_cast<uint8_t>(name.size());
    std::copy(name.begin(), name.end(), out_.alpn_ + at + 1);
    // The text has a comma where the wire has a length, but none before the first name.
    if (at != 0) out_.alpn_text_[at - 1] = ',';
    std::transform(name.begin(), name.end(), out_.alpn_text_ + at, [](uint8_t byte) {
      return byte > ' ' && byte <= '~' && byte != ',' ? static_cast<char>(byte) : '?';
    });
    out_.alpn_size_ = static_cast<uint16_t>(at + 1 + name.size());
  }

  // RFC 8446 section 4.2.1: when present, legacy_version counts for nothing.
  bool supported_versions(Bytes data) {
    Reader reader(data);
    Bytes list;
    if (!reader.vector(1, list) || !reader.empty()) return false;
    if (list.empty() || list.size() % 2 != 0) return false;
    out_.version_ = 0;
    for (size_t i = 0; i < list.size(); i += 2) {
      bool tls = list[i] == 3;  // else GREASE (RFC 8701), a draft, or unknown
      if (tls) out_.version_ = std::max(out_.version_, static_cast<uint16_t>(0x0300 | list[i + 1]));
    }
    return true;
  }

  ClientHello& out_;
};

namespace {

// The records around the message, walked from the first at each look.
//
//   |type version length| 01 len len len body ... |type version length| ... body |type ...
//   |      record 1                               |      record 2                | not looked at
//
// Bytes are judged in their order and by what is before them only, so that a verdict does not
// depend on how many more came along.
class ClientHelloRecords {
 public:
  ClientHelloRecords(Bytes received, size_t limit) : received_(received), limit_(limit) {}

  HelloStatus walk(size_t& need) {
    HelloStatus status = judge_sizes();
    while (status == HelloStatus::Complete && !(size_known_ && have_ == message_size_)) {
      status = next_record();
    }
    // Nobody waits for more than a byte to hear that this is not TLS.
    need = received_.empty() ? 1 : least_end();
    return status;
  }

  /// Of the records that walk() stepped over.
  size_t wire_size() const { return position_; }

  /// What follows the message's header, in one piece: a part of what was received if it came in
  /// one record, otherwise of `gathered`. REQUIRES: walk() said Complete.
  Bytes body(std::vector<uint8_t>& gathered) const {
    Bytes only = received_.first(position_).subspan(kRecordHeader);
    if (only.size() == message_size_) return only.subspan(kMessageHeader);
    gathered.reserve(message_size_);
    for (Bytes rest = received_.first(position_); !rest.empty();) {
      Bytes fragment = rest.subspan(kRecordHeader, fragment_size(rest));
      gathered.insert(gathered.end(), fragment.begin(), fragment.end());
      rest = rest.subspan(kRecordHeader + fragment.size());
    }
    return Bytes(gathered).subspan(kMessageHeader);
  }

 private:
  // Steps over one record. Complete: it was all there, and nothing is wrong so far.
  HelloStatus next_record() {
    Bytes record = received_.subspan(position_);
    HelloStatus status = record_header(record);
    if (status != HelloStatus::Complete) return status;
    Bytes fragment = record.subspan(kRecordHeader);
    fragment = fragment.first(std::min(fragment.size(), announced_));
    status = message_header(fragment);
    if (status != HelloStatus::Complete) return status;
    if (fragment.size() < announced_) return HelloStatus::NeedMore;
    have_ += announced_;
    position_ += kRecordHeader + announced_;
    announced_ = 0;
    return HelloStatus::Complete;
  }

  HelloStatus record_header(Bytes record) {
    HelloStatus stranger = position_ == 0 ? HelloStatus::NotTls : HelloStatus::Malformed;
    if (!record.empty() && record[0] != kHandshakeRecord) return stranger;
    if (record.size() > 1 && record[1] != 3) return stranger;
    if (record.size() < kRecordHeader) return HelloStatus::NeedMore;
    announced_ = fragment_size(record);
    // RFC 8446 section 5.1: no fragment of a handshake message is empty, none is longer.
    if (announced_ == 0 || announced_ > kMaxFragment) return HelloStatus::Malformed;
    return judge_sizes();
  }

  // Looks for what is still missing of the message's type and length at the start of `fragment`.
  HelloStatus message_header(Bytes fragment) {
    for (size_t i = 0; i < fragment.size() && !size_known_; ++i) {
      size_t at = have_ + i;
      if (at == 0 && fragment[i] != kClientHello) return HelloStatus::Malformed;
      if (at > 0) message_size_ = message_size_ << 8 | fragment[i];
      if (at + 1 < kMessageHeader) continue;
      message_size_ += kMessageHeader;
      size_known_ = true;
      return judge_sizes();
    }
    return HelloStatus::Complete;
  }

  HelloStatus judge_sizes() const {
    // RFC 8446 section 5.1: a message after which keys change ends its record. What else stood
    // there would be read by one library and refused by the next.
    if (size_known_ && have_ + announced_ > message_size_) return HelloStatus::Malformed;
    return least_end() > limit_ ? HelloStatus::TooLarge : HelloStatus::Complete;
  }

  // The fewest bytes, from the first, that hold the whole hello by what is known of it.
  size_t least_end() const {
    size_t end = position_ + (announced_ == 0 ? 0 : kRecordHeader + announced_);
    size_t message = size_known_ ? message_size_ : kMessageHeader;
    size_t carried = have_ + announced_;
    return carried < message ? end + in_records(message - carried) : end;
  }

  Bytes received_;
  size_t limit_;
  size_t position_ = 0;      // where the record at hand begins
  size_t have_ = 0;          // bytes of the message in the records before it
  size_t announced_ = 0;     // bytes of the message in the record at hand, once its header is there
  size_t message_size_ = 0;  // header included, once size_known_
  bool size_known_ = false;
};

}  // namespace

bool ClientHello::offers_alpn(std::string_view name) const {
  for (Reader names(alpn()); !names.empty();) {
    Bytes offered;
    if (!names.vector(1, offered)) return false;
    if (as_text(offered) == name) return true;
  }
  return false;
}

HelloStatus parse_client_hello(Bytes received, size_t limit, ClientHello& out, size_t& need) {
  ClientHelloRecords records(received, limit);
  HelloStatus status = records.walk(need);
  if (status != HelloStatus::Complete) return status;
  std::vector<uint8_t> gathered;
  out = ClientHello();
  out.wire_size_ = records.wire_size();
  if (ClientHelloMessage(out).parse(records.body(gathered))) return HelloStatus::Complete;
  out = ClientHello();
  return HelloStatus::Malformed;
}

}  // namespace sallyport
