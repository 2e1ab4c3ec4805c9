// What an authority has issued and revoked, in the format of the openssl program's index.txt, so
// that `openssl ocsp -index` can answer from it.
#pragma once

#include <openssl/x509.h>

#include <chrono>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport {

/// One line: the fields separated by tabs, dates as in the certificate (YYMMDDHHMMSSZ until 2049).
///
///     R  270601120000Z  270301120000Z,keyCompromise  3F…  unknown  /CN=bank
struct IssuedCertificate {
  char status = 'V';  // V valid, R revoked, E expired (which only the openssl program writes)
  std::string expiry;
  std::string revoked;  // date, then "," and the reason unless it is unspecified; if not R, empty
  std::string serial;   // certificate_text.h
  std::string subject;  // "/CN=bank"; may be empty

  static IssuedCertificate of(X509& certificate);
  /// With its end of line.
  std::string line() const;
  bool operator==(const IssuedCertificate&) const = default;
};

/// Whether a reason for revocation is one that can be asked for: RFC 5280 section 5.3.1, of leaves
/// and for good.
bool is_revocation_reason(std::string_view reason);
inline constexpr const char* kRevocationReasons[] = {
    "unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"};

/// The whole index. A value.
class IssuedIndex {
 public:
  /// Errors name the line.
  static Result<IssuedIndex> parse(std::string_view text);
  std::string text() const;

  /// Null when it is not there. Valid until the index changes.
  const IssuedCertificate* find(std::string_view serial) const;
  void add(IssuedCertificate certificate) { all_.push_back(std::move(certificate)); }

  /// REQUIRES: the serial is in the index, and is_revocation_reason(reason). False when it was
  /// revoked before: date and reason then stay as they were.
  bool revoke(std::string_view serial, std::string_view reason,
              std::chrono::system_clock::time_point now);

  const std::vector<IssuedCertificate>& all() const { return all_; }

 private:
  std::vector<IssuedCertificate> all_;
};

}  // namespace sallyport
