#include "tests/fuzz/h1_body_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_h1_chunked({data, size});
  return 0;
}
