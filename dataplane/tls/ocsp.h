// The Online Certificate Status Protocol (RFC 6960): what to ask about a certificate, and what to
// make of an answer. The asking itself is done elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// A responder's answer that a certificate is good, as it is sent to clients. Times are seconds
/// since 1970, UTC.
struct Staple {
  std::string der;
  int64_t this_update = 0;  // when the responder knew it
  int64_t next_update = 0;  // until when it may be shown
};

enum class OcspVerdict : uint8_t {
  Good,
  Revoked,
  Unknown,   // the responder says that it does not know the certificate
  Unusable,  // no answer that could be believed, or not one to this question
};
inline constexpr size_t kOcspVerdicts = 4;
const char* name(OcspVerdict verdict);

struct OcspAnswer {
  OcspVerdict verdict = OcspVerdict::Unusable;
  std::string fault;  // in words, of what is not Good
  Staple staple;      // of what is Good
};

/// About one certificate. Immutable.
class OcspQuestion {
 public:
  /// The issuer is looked for in `chain`, then in the PEM of `ca_crt`. `responder` is a URL; empty:
  /// the one that the certificate names. An error where there is none of either.
  static Result<OcspQuestion> make(X509* leaf, STACK_OF(X509) * chain, std::string_view ca_crt,
                                   const std::string& responder);

  const std::string& url() const { return url_; }
  const std::string& request() const { return request_; }  // DER, for an HTTP POST

  /// What `response` (DER) says at the time `now`. Believed if it was signed by the certificate's
  /// issuer, or by somebody whom that issuer has certified for it; is about this certificate; and
  /// is neither from the future nor over, which without a nextUpdate nobody could tell.
  OcspAnswer read(std::string_view response, int64_t now) const;

 private:
  X509Ptr leaf_, issuer_;
  std::string url_;
  std::string request_;
};

/// A response is a few KiB, with a responder's certificate in it.
inline constexpr size_t kOcspMostBytes = 64 * 1024;

}  // namespace sallyport
