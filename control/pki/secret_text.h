// Text that must not stay in memory after its use: a private key.
#pragma once

#include <openssl/crypto.h>

#include <string_view>
#include <utility>
#include <vector>

namespace sallyport {

/// Owns its bytes and overwrites them when it is destroyed or assigned to. Moves, never copies:
/// there is one place to overwrite.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : bytes_(text.begin(), text.end()) {}
  explicit SecretText(std::vector<char>&& bytes) : bytes_(std::move(bytes)) {}
  SecretText(SecretText&& other) noexcept = default;  // a moved-from vector is empty
  SecretText& operator=(SecretText&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    other.cleanse();
    return *this;
  }
  ~SecretText() { cleanse(); }

  /// Valid as long as this object and until it is moved from.
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  bool empty() const { return bytes_.empty(); }

 private:
  void cleanse() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

  std::vector<char> bytes_;
};

}  // namespace sallyport
