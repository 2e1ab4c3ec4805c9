#include "control/pki/private_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace sallyport {

Result<EvpPkeyPtr> generate_key(KeyType type) {
  EvpPkeyPtr key(type == KeyType::Rsa2048 ? EVP_RSA_gen(2048u) : EVP_EC_gen("P-256"));
  if (!key) return Error{"cannot generate a private key: " + take_openssl_error()};
  return key;
}

Result<SecretText> key_pem(EVP_PKEY& key) {
  // A memory BIO overwrites what it held when it grows and when it is freed.
  BioPtr text(BIO_new(BIO_s_mem()));
  if (!text || PEM_write_bio_PKCS8PrivateKey(text.get(), &key, nullptr, nullptr, 0, nullptr,
                                             nullptr) != 1) {
    return Error{"cannot write a private key: " + take_openssl_error()};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return SecretText({data, static_cast<size_t>(size)});
}

}  // namespace sallyport
