#include "tests/fuzz/h2_frames_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::check_h2_frames(sallyport::H2Frames::Role::Client, {data, size});
  return 0;
}
