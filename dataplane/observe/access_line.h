// What the access log says of one connection.
#pragma once

#include <string>

#include "dataplane/observe/connection_record.h"

namespace sallyport {

/// Appends one JSON object and a newline; valid JSON whatever the peers have sent. Keys are
/// stable: tools read them. What is not known of a connection (a site never found, a phase never
/// reached, TLS that does not end here) is left out rather than null.
void append_access_line(std::string& out, const ConnectionRecord& record);

}  // namespace sallyport
