// What the access log says of one connection or request, as JSON.
#pragma once

#include <string>

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/request_record.h"

namespace sallyport {

/// Each appends one JSON object and a newline; valid JSON whatever the peers have sent. Keys are
/// stable: tools read them. What is not known (a site never found, a phase never reached, TLS that
/// does not end here) is left out rather than null; times end in "_us" and are microseconds.
///
/// Both begin with "time" (when it began), "kind" ("connection", "request"), and share
///   listener client peer site scenario sni tls_version tls_cipher tls_resumed service endpoint
///   connect_attempts connected_us duration_us doing detail
/// A connection has further
///   id alpn bytes_from_client bytes_from_backend hello_us client_handshake_us
///   backend_handshake_us reason by
void append_access_line(std::string& out, const ConnectionRecord& record);

/// A request has further
///   connection (that connection's id) request_id method host path protocol status route
///   backend_status reused_connection retried upgraded request_head_bytes request_body_bytes
///   response_head_bytes response_body_bytes backend_body_bytes client_subject user_agent referer
///   x_forwarded_for request_head_us request_sent_us response_head_us response_end_us end
/// where "reused_connection", "retried" and "upgraded" are there only when they are true.
void append_access_line(std::string& out, const RequestRecord& record);

}  // namespace sallyport
