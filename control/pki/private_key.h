// Private keys: the two kinds we make, and their PEM text.
#pragma once

#include <cstdint>

#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

enum class KeyType : uint8_t { EcdsaP256, Rsa2048 };

/// A new key from the system's randomness. Never null when it is a value.
Result<EvpPkeyPtr> generate_key(KeyType type);

/// Unencrypted PKCS #8 ("BEGIN PRIVATE KEY"), which every TLS library reads.
Result<SecretText> key_pem(EVP_PKEY& key);

}  // namespace sallyport
