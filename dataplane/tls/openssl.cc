#include "dataplane/tls/openssl.h"

#include <openssl/err.h>

namespace sallyport {

std::string take_openssl_error() {
  unsigned long code = 0;
  return take_openssl_error(code);
}

std::string take_openssl_error(unsigned long& code) {
  code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "unknown error";
}

}  // namespace sallyport
