// A private key for OpenSSL, from its text.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

struct PrivateKey {
  /// Whether the private half is the one of the public half beside it. Unknown of those kinds of
  /// which it would cost more to find out than to read them.
  enum class Halves : uint8_t { Unknown, Fit, Foreign };
  EvpPkeyPtr key;  // never null, but with Foreign
  Halves halves = Halves::Unknown;
};

/// The first key of the text, as OpenSSL would read it. The usual ones cost 30 µs, a tenth of what
/// OpenSSL's own reader takes; of those on a usual curve it is known whether their halves fit.
Result<PrivateKey> read_private_key(std::string_view pem);

}  // namespace sallyport
