// What can be said of a connection while it lives.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/observe/connection_record.h"

namespace sallyport {

/// Owns all it says, so that it may leave the worker's thread; a record's views may not.
struct ConnectionInfo {
  uint64_t id = 0;
  WallTime start{};
  Address client;
  std::string listener, site;
  bool routed = false;  // scenario is meaningful
  Scenario scenario = Scenario::Offload;
  std::string sni, service;
  Address endpoint;
  uint64_t bytes_from_client = 0;
  uint64_t bytes_from_backend = 0;
  Micros age{0};
  const char* doing = "";     // static text
};

/// Thread: the worker's. The age is the record's duration so far.
ConnectionInfo connection_info(const ConnectionRecord& record);

}  // namespace sallyport
