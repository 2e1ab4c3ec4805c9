#include "dataplane/tls/record_sealer.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace sallyport {

size_t RecordSealer::seal(CipherContexts& contexts, uint8_t type, Bytes content, uint8_t* out) {
  EVP_CIPHER_CTX* cipher = keys_.begin_record(contexts);
  if (!cipher) return 0;
  // RFC 8446 section 5.2: the head is what the tag covers beside the content.
  size_t sealed = content.size() + 1 + kRecordTag;
  put_record_head(kDataRecord, sealed, out);
  uint8_t* to = out + kRecordHead;
  int n = 0, size = static_cast<int>(content.size());
  OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                        to + content.size() + 1, kRecordTag),
                      OSSL_PARAM_END};
  bool good = EVP_EncryptUpdate(cipher, nullptr, &n, out, kRecordHead) == 1 &&
              EVP_EncryptUpdate(cipher, to, &n, content.data(), size) == 1 && n == size &&
              EVP_EncryptUpdate(cipher, to + size, &n, &type, 1) == 1 && n == 1 &&
              EVP_EncryptFinal_ex(cipher, to + size + 1, &n) == 1 && n == 0 &&
              EVP_CIPHER_CTX_get_params(cipher, tag) == 1;
  if (!good) return 0;
  keys_.end_record();
  return kRecordHead + sealed;
}

}  // namespace sallyport
