// How backends are told who a client is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dataplane/tls/client_identity.h"

namespace sallyport {

/// As fields of a request, safe to be written as they are:
///   ssl-client  ssl-client-verify, -subject-dn, -issuer-dn and, if wanted, -cert: the PEM as in a
///               URL; nginx's, and all that ever tells of a certificate that is not good
///   xfcc        X-Forwarded-Client-Cert, one element, as Envoy writes it
///   rfc9440     Client-Cert (RFC 9440 section 2.2)
/// `leaf` is null where there is no certificate.
std::vector<std::pair<std::string, std::string>> client_fields(const ClientIdentity& identity,
                                                               X509* leaf, const ClientPass& pass);

}  // namespace sallyport
