// TLS 1.3's key schedule (RFC 8446 section 7.1), in place of OpenSSL's own.
#pragma once

#include <openssl/core.h>

#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/carried_tls.h"

namespace sallyport {

/// HKDF-Expand-Label of section 7.1 without a context; `label` is what stands there behind
/// "tls13 ". False: `secret` is not of a digest of TLS 1.3, whose hash is used, or OpenSSL failed.
/// Any thread.
bool derive_from(Bytes secret, std::string_view label, MutableBytes out);

/// TLS13-KDF for a provider: by OpenSSL's own hashes, but without looking up, allocating and
/// freeing a tree of contexts for each of the twenty or so secrets of a handshake, which costs more
/// than its key exchange. Any thread.
const OSSL_ALGORITHM* key_schedule_algorithms();

/// As long as it lives, what is derived here on its thread is noted. One at a time.
class DerivationsNoted {
 public:
  /// `into` may be null: nobody wants to know. It has to outlive this.
  explicit DerivationsNoted(CarriedTls* into);
  ~DerivationsNoted();
  DerivationsNoted(const DerivationsNoted&) = delete;
  DerivationsNoted& operator=(const DerivationsNoted&) = delete;
};

}  // namespace sallyport
