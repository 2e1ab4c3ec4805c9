// What is known of one HTTP exchange: filled while it goes on, logged once when it ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/model/config.h"
#include "dataplane/observe/request_end.h"

namespace sallyport {

/// Filling one allocates nothing: all texts are views of the session's snapshot, of the head that
/// was received or of static text, and must live until RecordSink::record() returns. What is not
/// known is left as it is here, and then left out of the log.
struct RequestRecord {
  // Whose request.
  uint64_t connection = 0;        // ConnectionRecord::id
  std::string_view request_id;    // 32 hex characters, or what a trusted client has sent
  WallTime start{};               // first byte of the request
  Address peer;                   // of the socket
  Address client;                 // of the PROXY header or a trusted X-Forwarded-For, else the peer
  std::string_view listener;
  std::string_view protocol;      // "HTTP/1.1": what the client speaks
  std::string_view tls_version;   // static text; empty without TLS
  std::string_view tls_cipher;
  bool tls_resumed = false;
  std::string_view sni;
  std::string_view client_subject;  // DN of the client's certificate, where one was verified

  // What it asked for, as the client has sent it. Nothing of a request that was not understood.
  std::string_view method;
  std::string_view host;          // without port
  std::string_view path;          // with its query
  std::string_view user_agent;
  std::string_view referer;
  std::string_view x_forwarded_for;

  // Where it went.
  bool routed = false;            // scenario is meaningful
  Scenario scenario = Scenario::Offload;
  std::string_view site;          // the site's first host
  std::string_view route;         // the route's path as configured: "/admin"
  std::string_view service;
  Address endpoint;               // the last that was tried
  uint32_t connect_attempts = 0;
  bool reused_connection = false;  // the response, or the failure, came on a kept connection
  bool retried = false;           // a kept connection died first, and it was sent once more

  // What came of it.
  uint16_t status = 0;            // sent to the client as the final one, 101 included; 0: none
  uint16_t backend_status = 0;    // received from the backend and taken; 0: none
  bool upgraded = false;          // the bodies below are the tunnel's bytes
  uint64_t request_head_bytes = 0;   // received from the client
  uint64_t request_body_bytes = 0;   // without chunk framing
  uint64_t response_head_bytes = 0;  // sent to the client
  uint64_t response_body_bytes = 0;  // without chunk framing
  uint64_t backend_body_bytes = 0;   // received from the backend, without chunk framing

  // Since the start; negative: not reached.
  Micros request_head{-1};        // the whole head is there
  Micros connected{-1};           // to a backend, TLS included, or a kept connection was taken
  Micros request_sent{-1};        // its last byte to the backend
  Micros response_head{-1};       // the whole final head from the backend
  Micros response_end{-1};        // its last byte from the backend
  Micros duration{0};

  RequestEnd end = RequestEnd::Complete;
  const char* doing = "reading the request";  // the phase it ended in; static text
  std::string_view detail;        // "Connection refused", text(H1Fault); may be empty
};

}  // namespace sallyport
