// The demo's certificates.
#pragma once

#include <string>

#include "control/pki/certificate_authority.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// One authority for everything, and what it issued.
struct DemoPki {
  IssuedSecret offload, reencrypt, mtls;  // what Sallyport shows to clients of each site
  IssuedSecret internal;                  // what Sallyport shows to the re-encrypted backend
  IssuedSecret passthrough_backend;       // never on disk: Sallyport has no business with it
  IssuedSecret reencrypt_backend;         // nor this one
  IssuedSecret client;                    // for curl
  std::string ca_crt;

  static Result<DemoPki> make();

  /// ca.crt and client/ for curl, and in secrets/ a folder for each secret that the demo's
  /// configuration names.
  Result<void> write(const std::string& folder) const;
};

}  // namespace sallyport
