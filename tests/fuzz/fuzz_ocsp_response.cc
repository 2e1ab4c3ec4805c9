#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/ocsp_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_ocsp_response({reinterpret_cast<const char*>(data), size});
  return 0;
}
