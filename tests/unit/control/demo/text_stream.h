// A connection whose client has sent everything that it will.
#pragma once

#include <algorithm>
#include <string>

#include "control/demo/byte_stream.h"

namespace sallyport {

/// Gives out at most `piece` bytes at a time.
class TextStream : public ByteStream {
 public:
  explicit TextStream(std::string sent, size_t piece = std::string::npos)
      : ByteStream(-1), sent_(std::move(sent)), piece_(piece) {}

  const std::string& written() const { return written_; }

  size_t read(std::span<char> into) override {
    const size_t n = sent_.copy(into.data(), std::min(into.size(), piece_));
    sent_.erase(0, n);
    return n;
  }
  bool write(std::string_view text) override {
    written_ += text;
    return true;
  }
  void finish() override {}

 private:
  std::string sent_, written_;
  size_t piece_;
};

}  // namespace sallyport
