// One block of a PEM text (RFC 7468), decoded.
#pragma once

#include <string>
#include <string_view>

namespace sallyport {

/// The block that a text begins with. Its memory is wiped, for it may be a key. Nothing is found in
/// a text that begins otherwise, that is cut off, or whose block has header lines, as encrypted
/// keys have.
class PemBlock {
 public:
  explicit PemBlock(std::string_view text);
  ~PemBlock();
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;

  std::string_view label() const { return label_; }  // a part of the text
  std::string_view der() const { return der_; }      // empty: nothing was found
  std::string_view rest() const { return rest_; }    // of the text, behind the block

 private:
  void decode(std::string_view base64);

  std::string_view label_, rest_;
  std::string der_;
};

}  // namespace sallyport
