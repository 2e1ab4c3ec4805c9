// What certificates and revocation lists say, in words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

struct CertificateReport {
  std::string subject, issuer;        // RFC 2253
  std::string serial;                 // hexadecimal
  std::vector<std::string> names;     // SANs: "DNS:shop.example", "IP:10.0.0.1", "URI:…", "email:…"
  std::string not_before, not_after;  // RFC 3339
  std::string fingerprint_sha256;     // 64 digits, lower case
  std::string key;                    // "RSA 2048", "EC P-256"
};

struct RevocationListReport {
  std::string issuer;
  std::string this_update;
  std::string next_update;  // empty: it does not say
  size_t revoked = 0;
};

/// Of all certificates of a PEM text, up to the first that cannot be read.
std::vector<CertificateReport> report_certificates(std::string_view pem);
std::vector<RevocationListReport> report_revocation_lists(std::string_view pem);

}  // namespace sallyport
