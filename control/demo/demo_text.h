// The demo's texts: the configuration file it writes and what it prints for its user.
#pragma once

#include <string>

#include "dataplane/base/address.h"

namespace sallyport {

/// Where everything is, once it is known.
struct DemoPlan {
  std::string folder;      // absolute
  std::string http;        // "127.0.0.1:8080", always with a port other than 0
  std::string https;
  std::string metrics;     // as the configuration file writes addresses
  std::string admin;
  Address offload, passthrough, reencrypt, mtls;  // the backends
};

/// The name in the certificate of the backend that is re-encrypted to.
inline constexpr const char* kDemoBackendName = "backend.internal";

/// The configuration: a file that its reader can take as a first example.
std::string demo_yaml(const DemoPlan& plan);

/// What to try, and what will be seen. Every line that begins with "curl" can be pasted into a
/// shell; of the two lines before it, which begin with "# ", one says what it does and one which
/// texts are in what it prints.
std::string demo_guide(const DemoPlan& plan);

}  // namespace sallyport
