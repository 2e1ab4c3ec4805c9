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

struct CertificateNames {
  std::string common_name;             // at most 64 characters; may be empty if there are others
  std::vector<std::string> dns_names;  // exact, or "*.example.com"
  std::vector<Address> ips;            // their ports do not matter
};

/// Whether every name can stand in a certificate; the error names the first that cannot.
Result<void> check_names(const CertificateNames& names);

/// Sets the subject, CN only.
Result<void> set_subject(X509& certificate, const std::string& common_name);

/// Adds the extension, unless there is neither a DNS name nor an IP. REQUIRES: set_subject() came
/// first: the extension is critical exactly when the subject is empty.
Result<void> add_alternative_names(X509& certificate, const CertificateNames& names);

}  // namespace sallyport
