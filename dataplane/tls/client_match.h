// Which clients are meant, of those with good certificates.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Compares parsed values, whole: no text in one place of a certificate can look like one in
/// another.
bool matches(const ClientMatch& match, X509* certificate);

}  // namespace sallyport
