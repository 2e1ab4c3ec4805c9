#include "tests/fuzz/postgres_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_postgres_hello({data, size});
  return 0;
}
