// What the access log says of one connection or request, as ingress-nginx would: for tools that
// read its logs. It says less than JSON does, not how a request ended, for one.
#pragma once

#include <string>

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/request_record.h"

namespace sallyport {

/// Appends a line as ingress-nginx' default HTTP format makes it:
///   CLIENT - USER [TIME] "METHOD PATH PROTOCOL" STATUS BODY_BYTES_SENT "REFERER" "USER_AGENT"
///   REQUEST_BYTES SECONDS [SERVICE] [ALTERNATIVE_SERVICE] ENDPOINT BACKEND_BODY_BYTES
///   BACKEND_SECONDS BACKEND_STATUS REQUEST_ID
/// What a peer has chosen is escaped as nginx does it: quotes, backslashes and everything outside
/// of printable ASCII are \xXX; of the request line, 4 KiB are shown, of other texts 512 bytes.
/// What is not known is "-". TIME is when the request ended. A request that the client gave up
/// before there was a status has 499; one that ended otherwise without has 000.
/// What differs: times are UTC; USER is always "-", and the alternative service empty; SERVICE is
/// its plain name; of the endpoints tried only the last is shown.
void append_nginx_line(std::string& out, const RequestRecord& record);

/// Appends a line as its default format for streams makes it:
///   [CLIENT] [TIME] TCP STATUS BYTES_SENT BYTES_RECEIVED SECONDS
/// where STATUS is 200, 400 (the client sent nothing usable), 403 (its certificate), 502 (the
/// backend), or 503 (a limit on connections).
void append_nginx_line(std::string& out, const ConnectionRecord& record);

}  // namespace sallyport
