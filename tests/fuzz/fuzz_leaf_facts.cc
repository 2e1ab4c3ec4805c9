#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/leaf_facts_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::LeafInput input({reinterpret_cast<const char*>(data), size});
  sallyport::check_leaf_facts(input.crt, input.key);
  return 0;
}
