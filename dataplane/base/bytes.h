// Views of bytes. A view never owns: it is valid as long as what it was taken from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian numbers and sub-views from a view. Every read says whether the bytes were
/// there; after a failed read the reader has not moved.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool u8(uint32_t& out) { return number(1, out); }
  [[nodiscard]] bool u16(uint32_t& out) { return number(2, out); }
  [[nodiscard]] bool u24(uint32_t& out) { return number(3, out); }

  [[nodiscard]] bool take(size_t length, Bytes& out) {
    if (rest_.size() < length) return false;
    out = rest_.first(length);
    rest_ = rest_.subspan(length);
    return true;
  }

  /// A vector in the manner of TLS (RFC 8446 section 3.4): a length of `width` bytes, then as many
  /// bytes.
  [[nodiscard]] bool vector(int width, Bytes& out) {
    Reader copy = *this;
    uint32_t length = 0;
    if (!copy.number(width, length) || !copy.take(length, out)) return false;
    *this = copy;
    return true;
  }

  Bytes rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  [[nodiscard]] bool number(int width, uint32_t& out) {
    if (rest_.size() < static_cast<size_t>(width)) return false;
    out = 0;
    for (int i = 0; i < width; ++i) out = out << 8 | rest_[static_cast<size_t>(i)];
    rest_ = rest_.subspan(static_cast<size_t>(width));
    return true;
  }

  Bytes rest_;
};

}  // namespace sallyport
