// Key material from files.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

/// None after a problem at the secret's place. Blocks on the file system.
std::shared_ptr<const SecretData> read_secret(const SecretConfig& secret, Problems& problems);

/// Reads every secret of `config`. A file that cannot be read is a problem at the secret's place,
/// and the secret is left out; a file that a secret's directory does not have leaves its key empty.
/// Blocks on the file system.
SecretMap read_secrets(const Config& config, Problems& problems);

}  // namespace sallyport
