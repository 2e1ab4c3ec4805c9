#include "dataplane/tls/traffic_secret.h"

#include <openssl/crypto.h>

#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/tls/key_schedule.h"

namespace sallyport {

namespace {

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

bool TrafficSecret::expand(std::string_view label, MutableBytes out) const {
  CHECK(known());
  return derive_from({bytes_, size_}, label, out);
}

bool TrafficSecret::advance() {
  uint8_t next[kMost];
  bool good = expand("traffic upd", {next, size_});
  if (good) std::memcpy(bytes_, next, size_);
  OPENSSL_cleanse(next, sizeof next);
  return good;
}

}  // namespace sallyport
