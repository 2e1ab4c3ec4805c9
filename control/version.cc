#include "control/version.h"

#include "dataplane/tls/kernel_tls.h"

namespace sallyport {

const char* const kVersion = SALLYPORT_VERSION;

std::string version_text() {
#ifdef __clang__
  std::string compiler = "clang " __clang_version__;
#else
  std::string compiler = "g++ " __VERSION__;
#endif
  std::string why_not = why_no_kernel_tls();
  return std::string("sallyport ") + kVersion + "\ncompiler: " + compiler +
         "\nOpenSSL: " + openssl_version() +
         "\nkernel TLS: " + (why_not.empty() ? "works on this machine" : "no: " + why_not) + "\n";
}

}  // namespace sallyport
