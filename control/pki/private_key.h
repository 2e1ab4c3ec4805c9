// Private keys: the kinds we make, and their PEM text.
#pragma once

#include <cstdint>
#include <optional>

#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

enum class KeyType : uint8_t { EcdsaP256, Rsa2048, Rsa3072 };

inline bool is_rsa(KeyType type) { return type != KeyType::EcdsaP256; }

/// A new key from the system's randomness. Never null when it is a value.
Result<EvpPkeyPtr> generate_key(KeyType type);

/// Which kind a key is, public ones too; none when it is one that we do not make.
std::optional<KeyType> key_type(EVP_PKEY& key);

/// Unencrypted PKCS #8 ("BEGIN PRIVATE KEY"), which every TLS library reads.
Result<SecretText> key_pem(EVP_PKEY& key);

/// The reverse; other PEM forms of private keys are read too. An encrypted key is an error: nobody
/// is asked for its passphrase.
Result<EvpPkeyPtr> parse_key(std::string_view pem);

}  // namespace sallyport
