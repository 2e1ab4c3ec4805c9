// OpenSSL's own way to write lists of ciphers, with words for many at once.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport {

/// The ciphers of TLS 1.2 that `list` ("ECDHE+AESGCM:!aNULL") stands for, in its order, without
/// those that keep nothing secret (tls/offer.h); an error if none is left.
Result<std::vector<std::string>> cipher_names(const std::string& list);

/// The groups of key exchanges in `list` ("X25519:P-256"), all of which OpenSSL must have.
Result<std::vector<std::string>> group_names(const std::string& list);

}  // namespace sallyport
