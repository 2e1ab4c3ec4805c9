#include "dataplane/tls/leaf_facts.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <time.h>

#include <algorithm>

namespace sallyport {

namespace {

constexpr uint8_t kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04;
constexpr uint8_t kOid = 0x06, kUtcTime = 0x17, kGeneralizedTime = 0x18;
constexpr uint8_t kSequence = 0x30, kSet = 0x31;
constexpr uint8_t kContext0 = 0xa0, kContext1 = 0xa1, kContext3 = 0xa3;
constexpr uint8_t kDnsName = 0x82;
constexpr std::string_view kCommonName = "\x55\x04\x03";
constexpr std::string_view kSubjectAltName = "\x55\x1d\x11";
constexpr std::string_view kRsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
constexpr std::string_view kEc = "\x2a\x86\x48\xce\x3d\x02\x01";

/// DER, value by value (X.690). Once something is not as expected, all that follows is nothing.
class Der {
 public:
  explicit Der(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  uint8_t tag() const { return rest_.empty() ? uint8_t{0} : static_cast<uint8_t>(rest_[0]); }

  /// The contents of the next value, which must have this tag.
  std::optional<std::string_view> take(uint8_t wanted) {
    if (rest_.size() < 2 || tag() != wanted) return std::nullopt;
    size_t size = static_cast<uint8_t>(rest_[1]);
    size_t header = 2;
    if (size >= 0x80) {
      size_t count = size & 0x7f;
      if (count == 0 || count > 3 || rest_.size() < 2 + count) return std::nullopt;
      size = 0;
      for (size_t i = 0; i < count; ++i) size = size << 8 | static_cast<uint8_t>(rest_[2 + i]);
      header += count;
    }
    if (rest_.size() - header < size) return std::nullopt;
    std::string_view contents = rest_.substr(header, size);
    rest_.remove_prefix(header + size);
    return contents;
  }

  bool skip(uint8_t wanted) { return take(wanted).has_value(); }
  void skip_if(uint8_t wanted) {
    if (tag() == wanted) take(wanted);
  }

 private:
  std::string_view rest_;
};

using Bytes = std::optional<std::string_view>;

/// The first block with this label, decoded; its memory is wiped, for it may be a key.
class PemBlock {
 public:
  PemBlock(std::string_view text, std::string_view label) {
    std::string begin = "-----BEGIN " + std::string(label) + "-----";
    std::string end = "-----END " + std::string(label) + "-----";
    size_t from = text.find(begin);
    if (from == std::string_view::npos) return;
    from += begin.size();
    size_t to = text.find(end, from);
    if (to == std::string_view::npos) return;
    decode(text.substr(from, to - from));
  }
  ~PemBlock() { OPENSSL_cleanse(der_.data(), der_.size()); }
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;

  bool found() const { return !der_.empty(); }
  std::string_view der() const { return der_; }

 private:
  void decode(std::string_view base64) {
    std::string packed;
    packed.reserve(base64.size());
    for (char c : base64) {
      if (c != '\n' && c != '\r' && c != ' ') packed += c;
    }
    size_t missing = packed.ends_with("==") ? 2 : packed.ends_with("=") ? 1 : 0;
    der_.resize(packed.size() / 4 * 3);
    int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der_.data()),
                               reinterpret_cast<const unsigned char*>(packed.data()),
                               static_cast<int>(packed.size()));
    OPENSSL_cleanse(packed.data(), packed.size());
    // What stands for missing bytes is decoded to zeros, which not every version counts.
    bool good = size >= 0 && der_.size() >= missing &&
                static_cast<size_t>(size) >= der_.size() - missing;
    der_.resize(good ? der_.size() - missing : 0);
  }

  std::string der_;
};

std::optional<int64_t> parse_time(Der& der) {
  bool utc = der.tag() == kUtcTime;
  Bytes text = der.take(utc ? kUtcTime : kGeneralizedTime);
  size_t digits = utc ? 12 : 14;
  if (!text || text->size() != digits + 1 || text->back() != 'Z') return std::nullopt;
  int part[7] = {};
  for (size_t i = 0; i < digits / 2; ++i) {
    char tens = (*text)[2 * i], ones = (*text)[2 * i + 1];
    if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return std::nullopt;
    part[i] = (tens - '0') * 10 + (ones - '0');
  }
  int* rest = part + (utc ? 1 : 2);
  // RFC 5280 section 4.1.2.5.1: years of two digits are those from 1950 to 2049.
  int year = utc ? part[0] + (part[0] < 50 ? 2000 : 1900) : part[0] * 100 + part[1];
  tm when{};
  when.tm_year = year - 1900;
  when.tm_mon = rest[0] - 1;
  when.tm_mday = rest[1];
  when.tm_hour = rest[2];
  when.tm_min = rest[3];
  when.tm_sec = rest[4];
  return static_cast<int64_t>(timegm(&when));
}

// The last CN of a subject, as the most specific one.
std::string common_name(std::string_view subject) {
  std::string found;
  Der names(subject);
  while (!names.empty()) {
    Bytes set = names.take(kSet);
    if (!set) return {};
    Der one(*set);
    Bytes pair = one.take(kSequence);
    if (!pair) return {};
    Der attribute(*pair);
    Bytes oid = attribute.take(kOid);
    if (!oid) return {};
    if (*oid != kCommonName) continue;
    Bytes value = attribute.take(attribute.tag());
    if (value && found.empty()) found = *value;
  }
  return found;
}

bool read_alt_names(std::string_view extensions, std::vector<std::string>& names) {
  Der outer(extensions);
  Bytes list = outer.take(kSequence);
  if (!list) return false;
  Der all(*list);
  while (!all.empty()) {
    Bytes one = all.take(kSequence);
    if (!one) return false;
    Der extension(*one);
    Bytes oid = extension.take(kOid);
    extension.skip_if(kBoolean);
    Bytes value = extension.take(kOctetString);
    if (!oid || !value) return false;
    if (*oid != kSubjectAltName) continue;
    Der wrapped(*value);
    Bytes sans = wrapped.take(kSequence);
    if (!sans) return false;
    Der san(*sans);
    while (!san.empty()) {
      uint8_t tag = san.tag();
      Bytes name = san.take(tag);
      if (!name) return false;
      if (tag == kDnsName) names.emplace_back(*name);
    }
  }
  return true;
}

// Of an algorithm and a BIT STRING of whole bytes.
struct PublicKey {
  std::string_view algorithm, bits;
};

std::optional<PublicKey> read_public_key(std::string_view info) {
  Der der(info);
  Bytes algorithm = der.take(kSequence);
  Bytes bits = der.take(kBitString);
  if (!algorithm || !bits || bits->empty() || bits->front() != 0) return std::nullopt;
  Der oid(*algorithm);
  Bytes name = oid.take(kOid);
  if (!name) return std::nullopt;
  return PublicKey{*name, bits->substr(1)};
}

// RFC 8017 appendix A.1: n and e are in both, one after the other.
bool is_half_of_rsa(std::string_view private_key, std::string_view bits) {
  Der outer(private_key);
  Bytes mine = outer.take(kSequence);
  Der wrapped(bits);
  Bytes theirs = wrapped.take(kSequence);
  if (!mine || !theirs) return false;
  Der key(*mine), shown(*theirs);
  if (!key.skip(kInteger)) return false;
  for (int i = 0; i < 2; ++i) {
    Bytes a = key.take(kInteger), b = shown.take(kInteger);
    if (!a || !b || *a != *b) return false;
  }
  return true;
}

// RFC 5915 section 3.
bool is_half_of_ec(std::string_view private_key, std::string_view bits) {
  Der outer(private_key);
  Bytes mine = outer.take(kSequence);
  if (!mine) return false;
  Der key(*mine);
  if (!key.skip(kInteger) || !key.skip(kOctetString)) return false;
  key.skip_if(kContext0);
  Bytes wrapped = key.take(kContext1);
  if (!wrapped) return false;
  Der half(*wrapped);
  Bytes mine_bits = half.take(kBitString);
  return mine_bits && !mine_bits->empty() && mine_bits->substr(1) == bits;
}

bool is_half_of(std::string_view private_key, const PublicKey& shown) {
  return shown.algorithm == kRsa  ? is_half_of_rsa(private_key, shown.bits)
         : shown.algorithm == kEc ? is_half_of_ec(private_key, shown.bits)
                                  : false;
}

bool key_fits(std::string_view pem, const PublicKey& shown) {
  const char* label = shown.algorithm == kRsa ? "RSA PRIVATE KEY" : "EC PRIVATE KEY";
  if (PemBlock own(pem, label); own.found()) return is_half_of(own.der(), shown);
  PemBlock wrapped(pem, "PRIVATE KEY");  // RFC 5208 section 5
  Der outer(wrapped.der());
  Bytes info = outer.take(kSequence);
  if (!info) return false;
  Der der(*info);
  if (!der.skip(kInteger) || !der.skip(kSequence)) return false;
  Bytes key = der.take(kOctetString);
  return key && is_half_of(*key, shown);
}

}  // namespace

std::optional<LeafFacts> read_leaf(std::string_view crt, std::string_view key) {
  // Of two certificates or keys the first of which has an unusual label, the second is not meant.
  if (!crt.starts_with("-----BEGIN CERTIFICATE-----")) return std::nullopt;
  if (!key.starts_with("-----BEGIN ")) return std::nullopt;
  PemBlock block(crt, "CERTIFICATE");
  Der outer(block.der());
  Bytes certificate = outer.take(kSequence);
  if (!certificate || !outer.empty()) return std::nullopt;
  Der signed_part(*certificate);
  Bytes body = signed_part.take(kSequence);
  if (!body) return std::nullopt;
  Der der(*body);
  der.skip_if(kContext0);  // version
  if (!der.skip(kInteger) || !der.skip(kSequence) || !der.skip(kSequence)) return std::nullopt;
  Bytes validity = der.take(kSequence);
  Bytes subject = der.take(kSequence);
  Bytes key_info = der.take(kSequence);
  if (!validity || !subject || !key_info) return std::nullopt;
  Der times(*validity);
  auto not_before = parse_time(times);
  auto not_after = parse_time(times);
  auto shown = read_public_key(*key_info);
  if (!not_before || !not_after || !shown || !key_fits(key, *shown)) return std::nullopt;

  LeafFacts facts;
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  facts.rsa = shown->algorithm == kRsa;
  if (der.tag() != 0 && der.tag() != kContext3) return std::nullopt;  // unique identifiers
  if (Bytes extensions = der.take(kContext3)) {
    if (!read_alt_names(*extensions, facts.names)) return std::nullopt;
  }
  if (facts.names.empty()) {
    if (std::string name = common_name(*subject); !name.empty()) facts.names.push_back(name);
  }
  return facts;
}

}  // namespace sallyport
