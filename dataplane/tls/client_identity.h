// Who a client proved to be, as far as its certificate says.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/tls/client_demand.h"

namespace sallyport {

/// By what one site or route demands.
struct ClientIdentity {
  ClientVerdict verdict = ClientVerdict::None;
  bool let_in = false;
  std::time_t good_until = 0;  // of Good: until the same certificates would be judged anew
  std::string_view fault;  // of what is not Good: "certificate has expired"
  // RFC 2253, as nginx's $ssl_client_s_dn; empty without a certificate.
  std::string subject;
  std::string issuer;
  std::string common_name;
  /// What the backend is told, as fields of a request: safe to be written as they are.
  std::vector<std::pair<std::string, std::string>> fields;

  bool verified() const { return verdict == ClientVerdict::Good; }
};

/// `leaf` is null where the client showed no certificate; `sent` are those that came with it.
ClientIdentity identify(X509* leaf, STACK_OF(X509) * sent, const ClientDemand& demand);

}  // namespace sallyport
