#include "dataplane/tls/client_demand.h"

#include "dataplane/tls/certificate.h"

namespace sallyport {

std::string ClientDemand::key(const ClientAuth& auth, const std::string& trust_key) {
  return content_hash({name(auth.verify), trust_key});
}

}  // namespace sallyport
