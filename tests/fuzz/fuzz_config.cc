#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "tests/fuzz/config_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_config(sallyport::as_text({data, size}));
  return 0;
}
