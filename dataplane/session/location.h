// Where the proxy's own redirects lead.
#pragma once

#include <string_view>

#include "dataplane/session/request_decision.h"
#include "dataplane/wire/h1_writer.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// Of one request, for its redirect. Borrowed.
struct LocationFacts {
  Decision::Kind kind;  // Redirect, Elsewhere or ErrorPage
  const Site& site;
  const Route* route;           // with Elsewhere: whose redirect it is
  std::string_view error_page;  // with ErrorPage
  const RequestHead& request;
  std::string_view host;        // as sites are found by it
  std::string_view path;        // normal
};

/// The value of Location.
void write_location(H1Writer& out, const LocationFacts& facts);

}  // namespace sallyport
