#include "tests/fuzz/h1_head_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_h1_response({data, size});
  return 0;
}
