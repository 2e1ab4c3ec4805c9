// The id of a request: what finds it again in the log, in the backend's log, and on an error page.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

/// 128 random bits as 32 characters of lower-case hex.
class RequestId {
 public:
  static constexpr size_t kSize = 32;
  std::string_view view() const { return {text_.data(), kSize}; }

 private:
  friend class RequestIds;
  std::array<char, kSize> text_{};
};

/// Makes ids: xoshiro256++, some nanoseconds each. Ids do not collide, over workers and processes
/// either; who sees many of them can tell the next, so none may be used as a secret.
/// Thread: one at a time.
class RequestIds {
 public:
  using Seed = std::array<uint64_t, 4>;

  /// One seed always gives the same ids. Seeds come from io/entropy.h, or from a simulation.
  explicit RequestIds(const Seed& seed);

  RequestId next();

 private:
  uint64_t random();

  Seed state_;
};

/// Whether an X-Request-ID from a client that is trusted may be used as it is: 1 to 128 characters
/// of A-Z a-z 0-9 . _ ~ + / = -, which mean nothing in HTML, JSON, logs and headers.
bool is_request_id(std::string_view text);

}  // namespace sallyport
