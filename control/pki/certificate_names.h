// The names in a certificate: its subject and its subject alternative names (RFC 5280, sections
// 4.1.2.6 and 4.2.1.6).
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"

namespace sallyport {

inline constexpr size_t kCommonNameMax = 64;  // RFC 5280 appendix A, ub-common-name

struct CertificateNames {
  std::string common_name;             // at most kCommonNameMax; may be empty if there are others
  std::vector<std::string> dns_names;  // normal (model/hostname.h): exact, or "*.example.com"
  std::vector<Address> ips;            // their ports do not matter
};

/// A DNS name or a wildcard for its first label, in its normal form. The rules are those of the
/// configuration's hosts.
Result<std::string> parse_certificate_dns(std::string_view text);

/// An IP address, without port.
Result<Address> parse_certificate_ip(std::string_view text);

/// Whether every name can stand in a certificate; the error names the first that cannot.
Result<void> check_names(const CertificateNames& names);

/// Sets the subject, CN only.
Result<void> set_subject(X509& certificate, const std::string& common_name);

/// Adds the extension, unless there is neither a DNS name nor an IP. REQUIRES: set_subject() came
/// first: the extension is critical exactly when the subject is empty.
Result<void> add_alternative_names(X509& certificate, const CertificateNames& names);

}  // namespace sallyport
