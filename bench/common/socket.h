// Descriptors, socket addresses and the few socket calls that the load generator and the test
// backend share.
#pragma once

#include <sys/socket.h>

#include <string>
#include <utility>

namespace sallyport::bench {

/// Owns a descriptor; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() { *this = Fd(); }

 private:
  int fd_ = -1;
};

/// A numeric IPv4 or IPv6 address with a port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// "127.0.0.1:443", "[::1]:443". Throws std::runtime_error for anything else, names included.
  static SocketAddress parse(const std::string& text);
  static SocketAddress local_of(int fd);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  std::string text() const;
};

/// A non-blocking listening socket, with SO_REUSEPORT so that each thread can have its own.
/// Throws std::runtime_error when the address cannot be had.
Fd listen_on(const SocketAddress& address);

/// Begins a non-blocking connection with TCP_NODELAY. None if it failed at once; errno says why.
Fd connect_to(const SocketAddress& address);

/// The next waiting client, non-blocking with TCP_NODELAY; none when there is none.
Fd accept_from(int listener);

/// The pending error of a socket (SO_ERROR), 0 for none.
int error_of(int fd);

/// Lets this process have as many descriptors as it may; a shell's 1024 end a test of 2 000
/// connections before it begins.
void raise_descriptor_limit();

}  // namespace sallyport::bench
