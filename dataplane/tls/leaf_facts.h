// What a configuration needs to know of a certificate and its key, read without OpenSSL's decoders,
// which take a hundred times as long. For the usual shapes only: for all others there is OpenSSL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

struct LeafFacts {
  std::vector<std::string> names;  // the DNS SANs as written; with none, the subject's CN
  int64_t not_before = 0;          // seconds since 1970
  int64_t not_after = 0;
  bool rsa = false;
  bool operator==(const LeafFacts&) const = default;
};

/// Of the first certificate in `crt`, whose key is in `key`: PEM texts, RSA or named EC curves,
/// the private key with its public half. None where anything is not as expected, and where that
/// half is not the certificate's. Decides nothing about signatures, nor whether the private half
/// fits: a check by OpenSSL has to follow.
std::optional<LeafFacts> read_leaf(std::string_view crt, std::string_view key);

}  // namespace sallyport
