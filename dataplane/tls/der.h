// DER, value by value (X.690), where OpenSSL's decoders would take a hundred times as long.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport {

/// A view of some values, one after the other. What is cut off or longer than 16 MiB is no value.
class Der {
 public:
  static constexpr uint8_t kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03;
  static constexpr uint8_t kOctetString = 0x04, kOid = 0x06;
  static constexpr uint8_t kUtcTime = 0x17, kGeneralizedTime = 0x18;
  static constexpr uint8_t kSequence = 0x30, kSet = 0x31;
  static constexpr uint8_t kContext0 = 0xa0, kContext1 = 0xa1, kContext3 = 0xa3;

  explicit Der(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  uint8_t tag() const { return rest_.empty() ? uint8_t{0} : static_cast<uint8_t>(rest_[0]); }

  /// The contents of the next value, which must have this tag.
  std::optional<std::string_view> take(uint8_t wanted) {
    if (rest_.size() < 2 || tag() != wanted) return std::nullopt;
    size_t size = static_cast<uint8_t>(rest_[1]);
    size_t header = 2;
    if (size >= 0x80) {
      size_t count = size & 0x7f;
      if (count == 0 || count > 3 || rest_.size() < 2 + count) return std::nullopt;
      size = 0;
      for (size_t i = 0; i < count; ++i) size = size << 8 | static_cast<uint8_t>(rest_[2 + i]);
      header += count;
    }
    if (rest_.size() - header < size) return std::nullopt;
    std::string_view contents = rest_.substr(header, size);
    rest_.remove_prefix(header + size);
    return contents;
  }

  bool skip(uint8_t wanted) { return take(wanted).has_value(); }
  void skip_if(uint8_t wanted) {
    if (tag() == wanted) take(wanted);
  }

 private:
  std::string_view rest_;
};

/// Names of algorithms, as the contents of an OID.
inline constexpr std::string_view kOidRsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
inline constexpr std::string_view kOidEc = "\x2a\x86\x48\xce\x3d\x02\x01";

}  // namespace sallyport
