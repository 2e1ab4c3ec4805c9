// Writing a whole text to a descriptor, for threads that may wait.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

struct WriteResult {
  size_t written = 0;
  int error = 0;  // as errno; 0 when all was written
};

/// Blocks until all is written or the descriptor fails; a non-blocking descriptor (a terminal or
/// pipe that others share with us may be one) is waited for.
WriteResult write_all(int descriptor, std::string_view text);

}  // namespace sallyport
