// A secret as a manifest for Kubernetes.
#pragma once

#include <string>
#include <string_view>

#include "control/pki/certificate_authority.h"
#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// A Secret of the type kubernetes.io/tls with tls.crt, tls.key and ca.crt, as YAML. An empty
/// `space` leaves the namespace to whoever applies it. REQUIRES: is_kubernetes_name() of both.
SecretText kubernetes_secret(const IssuedSecret& secret, std::string_view name,
                             std::string_view space);

/// Whether a Secret may be called that: a DNS subdomain in lower case (RFC 1123).
bool is_kubernetes_name(std::string_view name);

}  // namespace sallyport
