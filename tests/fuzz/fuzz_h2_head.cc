#include "tests/fuzz/h2_head_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_h2_head({data, size});
  return 0;
}
