#include "tests/fuzz/client_hello_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_client_hello({data, size});
  return 0;
}
