#include "tests/fuzz/carried_tls_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_record_sizes({data, size});
  sallyport::check_carried_tls({data, size});
  return 0;
}
