// Which clients are meant, of those with good certificates.
#pragma once

#include <string>

#include "dataplane/model/config.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Compares parsed values, whole: no text in one place of a certificate can look like one in
/// another. Only subject_pattern is asked about a text, which is `subject`: that of RFC 2253.
bool matches(const ClientMatch& match, X509* certificate, const std::string& subject);

}  // namespace sallyport
