// TLS 1.3's key schedule (RFC 8446 section 7.1), in place of OpenSSL's own.
#pragma once

#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/carried_tls.h"

namespace sallyport {

/// HKDF-Expand-Label of section 7.1 without a context; `label` is what stands there behind
/// "tls13 ". False: `secret` is not of a digest of TLS 1.3, whose hash is used, or OpenSSL failed.
/// Any thread.
bool derive_from(Bytes secret, std::string_view label, MutableBytes out);

/// What SSL_CTX_new_ex() is to be asked for, so that OpenSSL has the secrets of TLS 1.3 derived
/// here: by the same hashes of its own, but without looking up, allocating and freeing a tree of
/// contexts for each of the twenty or so of a handshake, which costs more than its key exchange.
/// Null: OpenSSL does it by itself, because whoever configured it has chosen another provider than
/// its default one (FIPS), or because it takes none from us. Any thread.
const char* key_schedule_query();

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
