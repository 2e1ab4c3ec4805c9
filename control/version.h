// What this program is and what it was built with.
#pragma once

#include <string>

namespace sallyport {

extern const char* const kVersion;

/// For people: version, compiler, OpenSSL, kernel TLS.
std::string version_text();

}  // namespace sallyport
