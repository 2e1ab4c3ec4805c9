// What a configuration may say about TLS handshakes, of clients and of backends alike.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// More intermediates than any public or private chain has.
constexpr uint64_t kMostDepth = 16;

/// Complains about a number that is no depth of a chain; `depth` then stays as it is.
void check_depth(const Written<uint64_t>& written, int& depth, Problems& problems);

struct WrittenOffer {
  const WrittenList<std::string>& ciphers;
  const WrittenList<std::string>& groups;
  TlsVersion least, most;  // versions that can come to be
};
/// Names in one text may stand between colons, as in OpenSSL's lists. Whether they are names that
/// OpenSSL has is not known here.
TlsOffer check_offer(const WrittenOffer& written, Problems& problems);

OcspConfig check_ocsp(const DraftOcsp& draft, Problems& problems);

/// All of a service's `tls` but its secret and SNI.
void check_backend_policy(const Written<DraftBackendTls>& draft, BackendTls& tls,
                          Problems& problems);

}  // namespace sallyport
