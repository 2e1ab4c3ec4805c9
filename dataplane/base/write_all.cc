#include "dataplane/base/write_all.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace sallyport {

WriteResult write_all(int descriptor, std::string_view text) {
  WriteResult result;
  while (result.written < text.size()) {
    ssize_t n = ::write(descriptor, text.data() + result.written, text.size() - result.written);
    if (n >= 0) {
      result.written += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      pollfd wait{descriptor, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      result.error = errno;
      return result;
    }
  }
  return result;
}

}  // namespace sallyport
