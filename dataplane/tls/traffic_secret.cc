#include "dataplane/tls/traffic_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr std::string_view kPrefix = "tls13 ";
constexpr size_t kDigestOfSha256 = 32, kDigestOfSha384 = 48;

}  // namespace

bool TrafficSecret::take(Bytes secret) {
  forget();
  if (secret.size() != kDigestOfSha256 && secret.size() != kDigestOfSha384) return false;
  std::memcpy(bytes_, secret.data(), secret.size());
  size_ = static_cast<uint8_t>(secret.size());
  return true;
}

void TrafficSecret::forget() {
  if (size_ == 0) return;
  size_ = 0;
  OPENSSL_cleanse(bytes_, sizeof bytes_);
}

// HKDF-Expand-Label of section 7.1 without a context. Nothing that is made here is longer than the
// digest, so that RFC 5869's expansion is its first block.
bool TrafficSecret::expand(std::string_view label, MutableBytes out) const {
  constexpr size_t kLabelMost = 16;
  CHECK(known() && out.size() <= size_ && label.size() <= kLabelMost);
  uint8_t info[2 + 1 + kPrefix.size() + kLabelMost + 1 + 1];
  uint8_t* end = info;
  *end++ = 0;
  *end++ = static_cast<uint8_t>(out.size());
  *end++ = static_cast<uint8_t>(kPrefix.size() + label.size());
  end = static_cast<uint8_t*>(mempcpy(end, kPrefix.data(), kPrefix.size()));
  end = static_cast<uint8_t*>(mempcpy(end, label.data(), label.size()));
  *end++ = 0;  // bytes of the context
  *end++ = 1;  // the block's number
  uint8_t block[EVP_MAX_MD_SIZE];
  const EVP_MD* digest = size_ == kDigestOfSha256 ? EVP_sha256() : EVP_sha384();
  if (!HMAC(digest, bytes_, size_, info, static_cast<size_t>(end - info), block, nullptr)) {
    return false;
  }
  std::memcpy(out.data(), block, out.size());
  OPENSSL_cleanse(block, sizeof block);
  return true;
}

bool TrafficSecret::advance() {
  uint8_t next[kMost];
  bool good = expand("traffic upd", {next, size_});
  if (good) std::memcpy(bytes_, next, size_);
  OPENSSL_cleanse(next, sizeof next);
  return good;
}

}  // namespace sallyport
