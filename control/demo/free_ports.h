// Which ports the demo can listen on, found out before anything is started.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// Holds every port it has given out until it is destroyed, so that it gives out none twice.
/// Whoever listens then may still find the port taken by another program; no call can do better
/// for a listener that opens its sockets itself.
class FreePorts {
 public:
  FreePorts() = default;
  ~FreePorts();
  FreePorts(const FreePorts&) = delete;
  FreePorts& operator=(const FreePorts&) = delete;

  /// The address' port, or a free one if that is 0. An error when somebody listens there: the
  /// proxy's own sockets would share the port with another proxy of the same user, and clients
  /// would meet either.
  Result<uint16_t> take(const Address& address);

 private:
  std::vector<int> held_;
};

}  // namespace sallyport
