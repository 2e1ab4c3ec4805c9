// The numbers of a private key, taken from its text.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "dataplane/tls/pem_block.h"

namespace sallyport {

/// Of a key in one of the usual shapes: RSA of two primes, or on a named curve with its public
/// half; in PKCS #8 (RFC 5958) or the form of its own (RFC 8017 appendix A.1.2, RFC 5915), perhaps
/// behind the parameters that some tools write in front. Says nothing of whether the numbers make
/// sense. All views live as long as this.
class KeyText {
 public:
  struct Ec {
    std::string_view curve;   // its OID
    std::string_view secret;  // big-endian
    std::string_view point;   // the public half (SEC 1 section 2.3.3)
  };
  struct Rsa {
    /// Modulus, public and private exponent, two primes, their two exponents, the coefficient; each
    /// as the contents of an INTEGER: big-endian and signed.
    std::array<std::string_view, 8> numbers;
  };

  explicit KeyText(std::string_view pem);

  const std::optional<Ec>& ec() const { return ec_; }     // at most one of the two is there
  const std::optional<Rsa>& rsa() const { return rsa_; }

 private:
  void read_pkcs8(std::string_view der);
  void read_ec(std::string_view der, std::string_view curve);
  void read_rsa(std::string_view der);

  PemBlock first_, block_;
  std::optional<Ec> ec_;
  std::optional<Rsa> rsa_;
};

}  // namespace sallyport
