// The certificates of all simulated runs.
#pragma once

#include <string>

#include "tests/sim/certificates.h"

namespace sallyport::sim {

inline const std::string kSite = "shop.example.com";
inline const std::string kBackendName = "shop.internal";

/// Certificates cost milliseconds and never change: one set for all runs.
struct Pki {
  Authority public_ca{"Public CA"};
  Authority private_ca{"Private CA"};
  Authority clients_ca{"Clients' CA"};
  Identity site = public_ca.issue({kSite});
  Identity renewed_site = public_ca.issue({kSite, "www." + kSite});
  Identity backend = private_ca.issue({kBackendName});
  Identity other_backend = private_ca.issue({"other.internal"});
  Identity proxy = private_ca.issue({"proxy.internal"});
  Identity client = clients_ca.issue({"client.example.com"});
  Identity stranger = private_ca.issue({"stranger.example.com"});
};

inline const Pki& pki() {
  static const Pki made;
  return made;
}

}  // namespace sallyport::sim
