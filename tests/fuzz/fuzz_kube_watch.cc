#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "tests/fuzz/kube_watch_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::kube::check_watch(sallyport::as_text({data, size}));
  return 0;
}
