#include "dataplane/tls/key_text.h"

#include "dataplane/tls/der.h"

namespace sallyport {

namespace {

// `openssl ecparam -genkey` writes the curve in a block of its own, which the key names again.
std::string_view behind_parameters(std::string_view pem, const PemBlock& first) {
  if (first.label() != "EC PARAMETERS") return pem;
  size_t next = first.rest().find("-----BEGIN ");
  return next == std::string_view::npos ? std::string_view() : first.rest().substr(next);
}

}  // namespace

KeyText::KeyText(std::string_view pem) : first_(pem), block_(behind_parameters(pem, first_)) {
  std::string_view label = block_.label();
  if (label == "PRIVATE KEY") read_pkcs8(block_.der());
  if (label == "EC PRIVATE KEY") read_ec(block_.der(), {});
  if (label == "RSA PRIVATE KEY") read_rsa(block_.der());
}

void KeyText::read_pkcs8(std::string_view der) {
  auto info = Der(der).take(Der::kSequence);
  if (!info) return;
  Der parts(*info);
  bool versioned = parts.skip(Der::kInteger);
  auto algorithm = parts.take(Der::kSequence);
  auto key = parts.take(Der::kOctetString);
  if (!versioned || !algorithm || !key) return;
  Der names(*algorithm);
  auto name = names.take(Der::kOid);
  if (name == kOidRsa) read_rsa(*key);
  if (name == kOidEc) read_ec(*key, names.take(Der::kOid).value_or(std::string_view()));
}

// `curve`: as the wrapping names it, or empty.
void KeyText::read_ec(std::string_view der, std::string_view curve) {
  auto key = Der(der).take(Der::kSequence);
  if (!key) return;
  Der parts(*key);
  bool versioned = parts.skip(Der::kInteger);
  auto secret = parts.take(Der::kOctetString);
  if (!versioned || !secret) return;
  if (auto named = parts.take(Der::kContext0)) {
    auto own = Der(*named).take(Der::kOid);
    if (!own || (!curve.empty() && *own != curve)) return;
    curve = *own;
  }
  auto half = parts.take(Der::kContext1);
  auto bits = half ? Der(*half).take(Der::kBitString) : std::nullopt;
  if (curve.empty() || !bits || bits->empty() || bits->front() != 0) return;
  ec_ = Ec{curve, *secret, bits->substr(1)};
}

void KeyText::read_rsa(std::string_view der) {
  auto key = Der(der).take(Der::kSequence);
  if (!key) return;
  Der parts(*key);
  auto version = parts.take(Der::kInteger);
  if (version != std::string_view("\0", 1)) return;  // more primes than two
  Rsa read;
  for (std::string_view& number : read.numbers) {
    auto next = parts.take(Der::kInteger);
    if (!next || next->empty() || (next->front() & 0x80) != 0) return;  // none is negative
    number = *next;
  }
  if (parts.empty()) rsa_ = read;
}

}  // namespace sallyport
