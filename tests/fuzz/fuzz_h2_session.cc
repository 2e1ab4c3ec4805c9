#include "tests/fuzz/h2_session_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_h2_session({data, size});
  return 0;
}
