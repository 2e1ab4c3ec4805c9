#include "tests/fuzz/grpc_health_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_grpc_health({data, size});
  return 0;
}
