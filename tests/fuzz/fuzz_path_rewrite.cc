#include "tests/fuzz/path_rewrite_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_path_rewrite(sallyport::as_text({data, size}));
  return 0;
}
