#include "tests/fuzz/uri_path_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_uri_path(sallyport::as_text({data, size}));
  return 0;
}
