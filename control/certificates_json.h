// The answer of /api/v1/certificates.
#pragma once

#include <string>

#include "control/admin/api_query.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

/// {"total": N, "certificates": […]}, by secret: what is shown to whom, whom it has trusted, and
/// who uses it. Nothing of a private key. `secrets` are those that the snapshot was made from. The
/// name of a query is a secret's, or a host's that shows it. Any thread.
std::string certificates_json(const Snapshot& snapshot, const SecretMap& secrets,
                              const ApiQuery& query);

}  // namespace sallyport
