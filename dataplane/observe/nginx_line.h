// What the access log says of one connection or request, as ingress-nginx would: for tools that
// read its logs. It says less than JSON does, not how a request ended, for one.
#pragma once

#include <string>

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/request_record.h"

namespace sallyport {

/// Appends a line as ingress-nginx' default log-format-upstream makes it:
///   $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent
///   "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name]
///   [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length
///   $upstream_response_time $upstream_status $req_id
/// What a peer has chosen is escaped as nginx does it: quotes, backslashes and everything outside
/// of printable ASCII are \xXX; of the request line, 4 KiB are shown, of other texts 512 bytes.
/// What differs: the time is UTC; $remote_user is always "-"; $proxy_upstream_name is the
/// service's name; of the endpoints tried only the last is shown; a request that the client gave
/// up before there was a status has 499, as in nginx, and one that ended otherwise without, 000.
void append_nginx_line(std::string& out, const RequestRecord& record);

/// Appends a line as its default log-format-stream makes it:
///   [$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time
/// where $protocol is "TCP", and $status is 200, 400 (the client sent nothing usable), 403 (its
/// certificate), 502 (the backend), or 503 (a limit on connections).
void append_nginx_line(std::string& out, const ConnectionRecord& record);

}  // namespace sallyport
