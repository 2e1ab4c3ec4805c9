#include "dataplane/tls/leaf_facts.h"

#include <time.h>

#include "dataplane/tls/der.h"
#include "dataplane/tls/key_text.h"

namespace sallyport {

namespace {

constexpr uint8_t kDnsName = 0x82;
constexpr std::string_view kCommonName = "\x55\x04\x03";
constexpr std::string_view kSubjectAltName = "\x55\x1d\x11";

using Bytes = std::optional<std::string_view>;

std::optional<int64_t> parse_time(Der& der) {
  bool utc = der.tag() == Der::kUtcTime;
  Bytes text = der.take(utc ? Der::kUtcTime : Der::kGeneralizedTime);
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
    Bytes set = names.take(Der::kSet);
    if (!set) return {};
    Der one(*set);
    Bytes pair = one.take(Der::kSequence);
    if (!pair) return {};
    Der attribute(*pair);
    Bytes oid = attribute.take(Der::kOid);
    if (!oid) return {};
    if (*oid != kCommonName) continue;
    Bytes value = attribute.take(attribute.tag());
    if (value && found.empty()) found = *value;
  }
  return found;
}

bool read_alt_names(std::string_view extensions, std::vector<std::string>& names) {
  Der outer(extensions);
  Bytes list = outer.take(Der::kSequence);
  if (!list) return false;
  Der all(*list);
  while (!all.empty()) {
    Bytes one = all.take(Der::kSequence);
    if (!one) return false;
    Der extension(*one);
    Bytes oid = extension.take(Der::kOid);
    extension.skip_if(Der::kBoolean);
    Bytes value = extension.take(Der::kOctetString);
    if (!oid || !value) return false;
    if (*oid != kSubjectAltName) continue;
    Der wrapped(*value);
    Bytes sans = wrapped.take(Der::kSequence);
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
  Bytes algorithm = der.take(Der::kSequence);
  Bytes bits = der.take(Der::kBitString);
  if (!algorithm || !bits || bits->empty() || bits->front() != 0) return std::nullopt;
  Der oid(*algorithm);
  Bytes name = oid.take(Der::kOid);
  if (!name) return std::nullopt;
  return PublicKey{*name, bits->substr(1)};
}

// RFC 8017 appendix A.1: n and e are in both.
bool is_half_of(const KeyText::Rsa& key, std::string_view bits) {
  Bytes numbers = Der(bits).take(Der::kSequence);
  if (!numbers) return false;
  Der shown(*numbers);
  Bytes modulus = shown.take(Der::kInteger), exponent = shown.take(Der::kInteger);
  return modulus == key.numbers[0] && exponent == key.numbers[1];
}

bool key_fits(std::string_view pem, const PublicKey& shown) {
  KeyText key(pem);
  if (shown.algorithm == kOidRsa) return key.rsa() && is_half_of(*key.rsa(), shown.bits);
  return shown.algorithm == kOidEc && key.ec() && key.ec()->point == shown.bits;
}

}  // namespace

std::optional<LeafFacts> read_leaf(std::string_view crt, std::string_view key) {
  PemBlock block(crt);
  if (block.label() != "CERTIFICATE") return std::nullopt;
  Der outer(block.der());
  Bytes certificate = outer.take(Der::kSequence);
  if (!certificate || !outer.empty()) return std::nullopt;
  Der signed_part(*certificate);
  Bytes body = signed_part.take(Der::kSequence);
  if (!body) return std::nullopt;
  Der der(*body);
  der.skip_if(Der::kContext0);  // version
  if (!der.skip(Der::kInteger) || !der.skip(Der::kSequence) || !der.skip(Der::kSequence)) {
    return std::nullopt;
  }
  Bytes validity = der.take(Der::kSequence);
  Bytes subject = der.take(Der::kSequence);
  Bytes key_info = der.take(Der::kSequence);
  if (!validity || !subject || !key_info) return std::nullopt;
  Der times(*validity);
  auto not_before = parse_time(times);
  auto not_after = parse_time(times);
  auto shown = read_public_key(*key_info);
  if (!not_before || !not_after || !shown || !key_fits(key, *shown)) return std::nullopt;

  LeafFacts facts;
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  facts.rsa = shown->algorithm == kOidRsa;
  if (der.tag() != 0 && der.tag() != Der::kContext3) return std::nullopt;  // unique identifiers
  if (Bytes extensions = der.take(Der::kContext3)) {
    if (!read_alt_names(*extensions, facts.names)) return std::nullopt;
  }
  if (facts.names.empty()) {
    if (std::string name = common_name(*subject); !name.empty()) facts.names.push_back(name);
  }
  return facts;
}

}  // namespace sallyport
