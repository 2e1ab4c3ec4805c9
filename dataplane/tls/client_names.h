// The names in a certificate, as values.
#pragma once

#include <string>
#include <vector>

#include "dataplane/tls/openssl.h"

namespace sallyport {

/// The subject's attributes of that NID, in UTF-8; with zero bytes, if there are any.
std::vector<std::string> subject_values(const X509* certificate, int nid);

/// The SANs. Bytes as they stand in the certificate, which may be any.
struct AlternativeNames {
  std::vector<std::string> dns, uri, email;
  std::vector<std::string> ip;  // 4 or 16 bytes in network order
};
AlternativeNames alternative_names(const X509* certificate);

std::string der_of(X509* certificate);
std::string sha256_hex(X509* certificate);  // of the DER: its fingerprint, lower case

}  // namespace sallyport
