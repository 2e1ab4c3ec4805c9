// What makes two listeners of two configurations the same socket.
#pragma once

#include <string>

#include "dataplane/model/config.h"

namespace sallyport {

inline std::string listener_key(const ListenerConfig& listener) {
  return listener.any ? ":" + std::to_string(listener.address.port()) : listener.address.text();
}

}  // namespace sallyport
