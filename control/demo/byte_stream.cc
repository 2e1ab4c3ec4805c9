#include "control/demo/byte_stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace sallyport {
namespace {

class PlainStream : public ByteStream {
 public:
  using ByteStream::ByteStream;

  size_t read(std::span<char> into) override {
    for (;;) {
      const ssize_t n = ::recv(descriptor(), into.data(), into.size(), 0);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR && (errno != EAGAIN || !wait(POLLIN))) return 0;
    }
  }

  bool write(std::string_view text) override {
    while (!text.empty()) {
      const ssize_t n = ::send(descriptor(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        text.remove_prefix(static_cast<size_t>(n));
      } else if (errno != EINTR && (errno != EAGAIN || !wait(POLLOUT))) {
        return false;
      }
    }
    return true;
  }

  void finish() override { ::shutdown(descriptor(), SHUT_WR); }
};

}  // namespace

bool ByteStream::wait(short events) const {
  using std::chrono::milliseconds;
  constexpr milliseconds longest{60'000};  // poll() counts in int; callers ask again
  for (;;) {
    // Rounded up, so that the last fraction of a millisecond is not spent in a busy loop.
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted{descriptor_, events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min(left, longest).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::unique_ptr<ByteStream> plain_stream(int descriptor) {
  return std::make_unique<PlainStream>(descriptor);
}

}  // namespace sallyport
