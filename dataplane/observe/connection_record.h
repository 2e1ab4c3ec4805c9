// What is known of one connection: filled while it lives, logged at most once, when it
// ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/model/config.h"
#include "dataplane/observe/reason.h"

namespace sallyport {

struct ConnectionRecord {
  uint64_t id = 0;            // unique in this process
  WallTime start{};
  Address peer;               // of the socket
  Address client;             // of the PROXY header if there was one, else the peer
  std::string_view listener;  // these views live in the session's snapshot
  std::string_view site;      // the site's first host; empty until it is known
  bool routed = false;        // scenario is meaningful
  Scenario scenario = Scenario::Offload;
  std::string sni;
  std::string alpn;           // negotiated where TLS ends here, else as offered
  std::string_view tls_version;  // static text; empty where TLS does not end here
  std::string_view tls_cipher;
  bool tls_resumed = false;
  std::string_view service;
  Address endpoint;
  uint32_t connect_attempts = 0;
  uint64_t bytes_from_client = 0;  // payload: plain bytes where TLS ends here
  uint64_t bytes_from_backend = 0;
  // Since the start; negative: not reached.
  Micros hello{-1}, client_handshake{-1}, connected{-1}, backend_handshake{-1};
  Micros duration{0};
  Reason reason = Reason::Closed;
  Side by = Side::Client;
  const char* doing = "accepting";  // the phase it ended in
  std::string detail;               // "certificate has expired", "Connection refused"; may be empty
};

}  // namespace sallyport
