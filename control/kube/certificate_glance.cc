#include "control/kube/certificate_glance.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "control/kube/base64.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

constexpr uint8_t kInteger = 0x02, kBits = 0x03, kOctets = 0x04, kOid = 0x06, kSequence = 0x30;
constexpr uint8_t kVersion = 0xa0, kExtensions = 0xa3, kDnsName = 0x82;
constexpr std::string_view kAltNames = "\x55\x1d\x11";              // 2.5.29.17
constexpr std::string_view kRsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
constexpr std::string_view kEcdsa = "\x2a\x86\x48\xce\x3d\x02\x01";
constexpr size_t kLeastOfKey = 32;

/// Elements of DER (X.690), one after the other. Whatever is not well-formed ends them.
class Der {
 public:
  explicit Der(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  uint8_t tag() const { return rest_.empty() ? uint8_t{0} : static_cast<uint8_t>(rest_[0]); }

  /// The contents of the next element if it has that tag.
  std::optional<std::string_view> take(uint8_t wanted) {
    if (tag() != wanted || rest_.size() < 2) return std::nullopt;
    size_t length = static_cast<uint8_t>(rest_[1]), head = 2;
    if (length >= 0x80) {
      size_t count = length & 0x7f;
      if (count == 0 || count > 3 || rest_.size() < 2 + count) return std::nullopt;
      length = 0;
      for (size_t i = 0; i < count; ++i) length = length << 8 | static_cast<uint8_t>(rest_[2 + i]);
      head += count;
    }
    if (rest_.size() - head < length) return std::nullopt;
    std::string_view body = rest_.substr(head, length);
    rest_.remove_prefix(head + length);
    return body;
  }
  bool skip() { return take(tag()).has_value(); }

 private:
  std::string_view rest_;
};

// What is between the lines of the first block whose label ends in `label`.
std::optional<std::string> pem_block(std::string_view text, std::string_view label) {
  std::string begin_mark = std::string(label) + "-----";
  size_t at = text.find(begin_mark);
  if (at == std::string_view::npos) return std::nullopt;
  size_t line = text.rfind("-----BEGIN ", at);
  if (line == std::string_view::npos || text.substr(line, at - line).find("ENCRYPTED") !=
                                            std::string_view::npos) {
    return std::nullopt;
  }
  size_t begin = at + begin_mark.size();
  size_t end = text.find("-----END ", begin);
  if (end == std::string_view::npos) return std::nullopt;
  return base64_decode(text.substr(begin, end - begin));
}

struct Glance {
  std::string_view key;           // what only this public key has
  std::string_view alternatives;  // of the SAN extension: GeneralNames
};

std::optional<std::string_view> key_material(std::string_view info) {
  Der der(info);
  auto algorithm = der.take(kSequence);
  auto bits = der.take(kBits);
  if (!algorithm || !bits || bits->size() < 2) return std::nullopt;
  auto oid = Der(*algorithm).take(kOid);
  std::string_view key = bits->substr(1);  // behind the count of unused bits
  if (oid == kEcdsa) return key;
  if (oid != kRsa) return std::nullopt;
  auto numbers = Der(key).take(kSequence);
  return numbers ? Der(*numbers).take(kInteger) : std::nullopt;
}

std::string_view alternatives_of(std::string_view extensions) {
  auto list = Der(extensions).take(kSequence);
  if (!list) return {};
  for (Der der(*list); !der.done();) {
    auto extension = der.take(kSequence);
    if (!extension) return {};
    Der parts(*extension);
    bool names = parts.take(kOid) == kAltNames;
    if (!names) continue;
    while (!parts.done() && parts.tag() != kOctets) {
      if (!parts.skip()) return {};
    }
    auto value = parts.take(kOctets);
    auto sequence = value ? Der(*value).take(kSequence) : std::nullopt;
    return sequence.value_or(std::string_view());
  }
  return {};
}

// RFC 5280 section 4.1.
std::optional<Glance> glance(std::string_view certificate) {
  auto outer = Der(certificate).take(kSequence);
  auto tbs = outer ? Der(*outer).take(kSequence) : std::nullopt;
  if (!tbs) return std::nullopt;
  Der der(*tbs);
  if (der.tag() == kVersion && !der.skip()) return std::nullopt;
  // Serial number, signature, issuer, validity, subject.
  for (int i = 0; i < 5; ++i) {
    if (!der.skip()) return std::nullopt;
  }
  auto info = der.take(kSequence);
  auto key = info ? key_material(*info) : std::nullopt;
  if (!key || key->size() < kLeastOfKey) return std::nullopt;
  Glance found;
  found.key = *key;
  while (!der.done() && der.tag() != kExtensions) {
    if (!der.skip()) return std::nullopt;
  }
  if (auto extensions = der.take(kExtensions)) found.alternatives = alternatives_of(*extensions);
  return found;
}

bool covers(std::string_view pattern, const std::string& host) {
  std::string name = normal_host(pattern);
  if (name == host) return true;
  if (!is_wildcard(name) || is_wildcard(host)) return false;
  // OpenSSL takes no wildcard of a whole top-level domain.
  if (name.find('.', std::string_view("*.").size()) == std::string::npos) return false;
  size_t dot = host.find('.');
  return dot != std::string::npos && dot > 0 &&
         std::string_view(host).substr(dot) == std::string_view(name).substr(1);
}

bool any_covers(std::string_view alternatives, const std::string& host) {
  for (Der der(alternatives); !der.done();) {
    if (der.tag() != kDnsName) {
      if (!der.skip()) return false;
      continue;
    }
    auto name = der.take(kDnsName);
    if (!name) return false;
    if (covers(*name, host)) return true;
  }
  return false;
}

}  // namespace

bool plainly_serves(std::string_view crt, std::string_view key, const std::string& host) {
  auto certificate = pem_block(crt, "BEGIN CERTIFICATE");
  auto secret = pem_block(key, "PRIVATE KEY");
  if (!certificate || !secret) return false;
  auto found = glance(*certificate);
  bool fits = found && secret->find(found->key) != std::string::npos;
  std::fill(secret->begin(), secret->end(), '\0');
  return fits && (host == "*" || any_covers(found->alternatives, host));
}

}  // namespace sallyport::kube
