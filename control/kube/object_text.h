// An object as JSON again: what is kept of a cluster over a restart.
#pragma once

#include <string>

#include "control/kube/objects.h"

namespace sallyport::kube {

/// What parse_object() makes the same object of, on one line, with "kind". Without `keys`, a Secret
/// goes without its private key and its ticket keys.
std::string object_text(const Object& object, bool keys);

}  // namespace sallyport::kube
