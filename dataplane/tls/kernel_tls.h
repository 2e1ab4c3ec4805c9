// Whether this machine's kernel can do TLS for us.
#pragma once

#include <string>

namespace sallyport {

/// Empty when it can; else why not, in words.
std::string why_no_kernel_tls();

/// "OpenSSL 3.0.19 27 Jan 2026": of the library in use, which may be newer than the headers.
std::string openssl_version();

}  // namespace sallyport
