// Reading a file that may hold a private key.
#pragma once

#include <string>

#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// The whole file, at most 1 MiB. Errors begin with the path.
Result<SecretText> read_secret_file(const std::string& path);

}  // namespace sallyport
