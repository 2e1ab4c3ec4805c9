// A client's connection as a demo backend sees it: bytes, with TLS taken off if there was any.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

namespace sallyport {

/// Every call ends by the deadline. Does not own its descriptor, which is non-blocking.
class ByteStream {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ByteStream(int descriptor) : descriptor_(descriptor) {}
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }

  /// How many bytes came; 0: there will be none, for whatever reason.
  virtual size_t read(std::span<char> into) = 0;
  /// Whether all was written.
  virtual bool write(std::string_view text) = 0;
  /// Ends our direction; reading goes on.
  virtual void finish() = 0;

 protected:
  int descriptor() const { return descriptor_; }
  /// Waits for poll()'s `events`; false: the deadline passed first.
  bool wait(short events) const;

 private:
  int descriptor_;
  Clock::time_point deadline_ = Clock::time_point::max();
};

std::unique_ptr<ByteStream> plain_stream(int descriptor);

}  // namespace sallyport
