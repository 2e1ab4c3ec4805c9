// A secret as a folder of files named after the keys of a Kubernetes Secret.
#pragma once

#include <string>

#include "control/pki/certificate_authority.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// Writes tls.crt, tls.key (mode 0600) and ca.crt (the others 0644) into `directory`, which is
/// made if it is missing (its parent is not). Files that are replaced keep their owner, and a key
/// its group's right to read. A part that is empty is not written. Refuses a key
/// that does not fit its certificate. All files are complete on disk before the first takes its
/// name, so a full disk changes nothing; a reader that comes between two renames meets a key that
/// does not fit its certificate, and must read again.
Result<void> write_secret_folder(const std::string& directory, const IssuedSecret& secret);

}  // namespace sallyport
