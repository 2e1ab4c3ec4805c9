#include "dataplane/tls/record_opener.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "dataplane/base/check.h"

namespace sallyport {

RecordOpener::Opened RecordOpener::open(CipherContexts& contexts, MutableBytes record,
                                        MutableBytes to) {
  // RFC 8446 section 6.
  constexpr uint8_t kUnexpectedMessage = 10, kBadRecordMac = 20, kRecordOverflow = 22;
  CHECK(record.size() >= kRecordHead && record.size() <= kRecordHead + kBodyMost);
  MutableBytes sealed = record.subspan(kRecordHead);
  if (sealed.size() < kRecordTag + 1) return {kBadRecordMac};
  size_t size = sealed.size() - kRecordTag;
  MutableBytes inner = to.size() < size ? sealed.first(size) : to.first(size);
  EVP_CIPHER_CTX* cipher = keys_.begin_record(contexts);
  if (!cipher) return {kBadRecordMac};
  int n = 0, most = static_cast<int>(size);
  OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                        sealed.data() + size, kRecordTag),
                      OSSL_PARAM_END};
  // Section 5.2: the head is what the tag covers beside the content.
  bool good = EVP_CIPHER_CTX_set_params(cipher, tag) == 1 &&
              EVP_DecryptUpdate(cipher, nullptr, &n, record.data(), kRecordHead) == 1 &&
              EVP_DecryptUpdate(cipher, inner.data(), &n, sealed.data(), most) == 1 && n == most &&
              EVP_DecryptFinal_ex(cipher, inner.data() + size, &n) == 1 && n == 0;
  if (!good) {
    // What was decrypted is nobody's words.
    OPENSSL_cleanse(inner.data(), inner.size());
    return {kBadRecordMac};
  }
  keys_.end_record();
  if (inner.size() > kRecordMost + 1) return {kRecordOverflow};
  // Section 5.4: padding of zeros behind the type.
  size_t end = inner.size();
  while (end > 0 && inner[end - 1] == 0) --end;
  if (end == 0) return {kUnexpectedMessage};
  return {0, inner[end - 1], inner.first(end - 1)};
}

}  // namespace sallyport
