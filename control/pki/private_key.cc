#include "control/pki/private_key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <string_view>

#include "control/pki/pem.h"

namespace sallyport {
namespace {

EVP_PKEY* generate(KeyType type) {
  switch (type) {
    case KeyType::EcdsaP256: return EVP_EC_gen("P-256");
    case KeyType::Rsa2048: return EVP_RSA_gen(2048u);
    case KeyType::Rsa3072: return EVP_RSA_gen(3072u);
  }
  return nullptr;
}

bool is_p256(EVP_PKEY& key) {
  char group[64];
  size_t size = 0;
  return EVP_PKEY_get_group_name(&key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == SN_X9_62_prime256v1;
}

}  // namespace

Result<EvpPkeyPtr> generate_key(KeyType type) {
  EvpPkeyPtr key(generate(type));
  if (!key) return Error{"cannot generate a private key: " + take_openssl_error()};
  return key;
}

std::optional<KeyType> key_type(EVP_PKEY& key) {
  if (EVP_PKEY_is_a(&key, "EC") == 1 && is_p256(key)) return KeyType::EcdsaP256;
  if (EVP_PKEY_is_a(&key, "RSA") != 1) return {};
  if (EVP_PKEY_get_bits(&key) == 2048) return KeyType::Rsa2048;
  if (EVP_PKEY_get_bits(&key) == 3072) return KeyType::Rsa3072;
  return {};
}

Result<SecretText> key_pem(EVP_PKEY& key) {
  BioPtr text = pem_writer();
  if (!text || PEM_write_bio_PKCS8PrivateKey(text.get(), &key, nullptr, nullptr, 0, nullptr,
                                             nullptr) != 1) {
    return Error{"cannot write a private key: " + take_openssl_error()};
  }
  return SecretText(contents(*text));
}

Result<EvpPkeyPtr> parse_key(std::string_view pem) {
  BioPtr text = pem_reader(pem);
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return Error{"holds no PEM private key, or one that is encrypted"};
  return key;
}

}  // namespace sallyport
