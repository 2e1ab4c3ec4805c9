#include "tests/fuzz/proxy_header_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_proxy_header({data, size});
  sallyport::check_proxy_round_trip({data, size});
  return 0;
}
