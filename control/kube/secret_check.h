// Whether a Secret is good for what it is used for.
#pragma once

#include <string>

#include "control/kube/objects.h"

namespace sallyport::kube {

/// Empty: it is. Else why it is not: "does not cover \"a.example.com\" (it covers …)".
std::string why_no_server_certificate(const SecretData& data, const std::string& host);
std::string why_no_client_authorities(const SecretData& data, int depth);
std::string why_no_key_pair(const SecretData& data);

}  // namespace sallyport::kube
