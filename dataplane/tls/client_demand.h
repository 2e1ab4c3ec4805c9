// What a site or a route asks of its clients' certificates.
#pragma once

#include <memory>
#include <string>

#include "dataplane/model/config.h"
#include "dataplane/tls/client_trust.h"

namespace sallyport {

/// Immutable; shared by threads. There is none where nothing is asked: `verify` is never Off.
struct ClientDemand {
  VerifyClient verify = VerifyClient::Required;
  std::shared_ptr<const ClientTrust> trust;
  ClientMatch match;
  ClientPass pass;
  std::string content;  // equal for equal demands

  static std::string key(const ClientAuth& auth, const std::string& trust_key);
};

using ClientDemandPtr = std::shared_ptr<const ClientDemand>;

}  // namespace sallyport
