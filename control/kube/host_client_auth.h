// What a host asks of its clients' certificates: auth-tls-*.
#pragma once

#include <string>

#include "control/kube/host_context.h"

namespace sallyport::kube {

struct ClientAuthChoice {
  ClientAuth auth;
  ObjectName secret;
  bool switched_off = false;  // a Secret is named, and verify-client is off: backends are told NONE
  uint16_t status = 403;
  std::string fault;  // not empty: nothing of the host is served, but the status
};

/// The oldest Ingress with auth-tls-secret decides. One that names a Secret which cannot be used
/// closes the host, as in ingress-nginx; so does a Secret without ca.crt, with which ingress-nginx
/// asks for no certificate at all.
ClientAuthChoice choose_client_auth(const HostContext& context);

}  // namespace sallyport::kube
