// Which fields of a message go on to the other side, and which are added: in one place for both
// directions.
#pragma once

#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/model/config.h"
#include "dataplane/route/route_treatment.h"
#include "dataplane/tls/client_identity.h"
#include "dataplane/wire/h1_writer.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// The addresses and names behind X-Forwarded-*: ours, or what a trusted client says.
struct Forwarded {
  bool trusted = false;             // the client is in http.trusted_networks
  Address sender;                   // who sent us the request
  Address client;                   // the farthest that is believed
  std::string_view proto;           // "http", "https"
  std::string_view host;            // authority as the client sent it
  uint16_t port = 0;                // that the client connected to
  std::string_view request_id;
};

/// Finds out. `sender` as the connection (or its PROXY header) says. The host is a view of the
/// request's fields; `request_id` is ours, and replaced by a trusted client's if that is valid.
Forwarded forwarded_of(const RequestHead& request, const HttpConfig& http, const Address& sender,
                       bool tls, uint16_t port, std::string_view request_id);

struct ForwardRequest {
  const RequestHead& request;
  std::string_view path;                       // normalised
  const Forwarded& forwarded;
  const HttpConfig& http;
  const ClientIdentity* identity = nullptr;    // of a route with client_auth, else null
  const RouteTreatment* treatment = nullptr;   // of the route, if it has one
  bool query_in_path = false;                  // `path` has been rewritten, query and all
  bool upgrade = true;                         // an Upgrade that is asked for goes on
  std::string_view websocket_key = {};         // for a client that has none of its own
};

/// What a response gets that its backend has not said.
struct ResponseAdditions {
  const RouteTreatment* treatment = nullptr;   // of the route, if it has one
  std::string_view hsts = {};                  // Strict-Transport-Security; empty: as it came
  std::string_view cookie = {};                // value of a new affinity cookie; empty: none
  bool tls = false;                            // the client came over TLS
};

/// A whole head in HTTP/1.1. Dropped: what belongs to one hop (RFC 9110 section 7.6.1), names that
/// Connection lists included; what only we may say; Proxy; and names with underscores where they
/// are not kept.
void write_request_head(H1Writer& out, const ForwardRequest& forward);

/// The Upgrade that is sent on; empty: none, whatever the client has asked for.
std::string_view upgrade_of(const RequestHead& request);

/// How a response's body goes on to an HTTP/1.minor client.
struct ResponseFraming {
  BodyKind body = BodyKind::None;
  uint64_t length = 0;
  bool close = false;       // this is the connection's last response
  uint8_t minor = 1;
  bool head_only = false;   // to HEAD: Content-Length passes as it is
  std::string_view date = {};  // for a response that comes without (RFC 9110 section 6.6.1)
  ResponseAdditions additions = {};
};

void write_response_head(H1Writer& out, const ResponseHead& response,
                         const ResponseFraming& framing);
/// A 1xx other than 101.
void write_interim_head(H1Writer& out, const ResponseHead& response);
/// A 101 to what upgrade_of() says. `accept`: the Sec-WebSocket-Accept of a backend that says none;
/// else empty.
void write_upgrade_head(H1Writer& out, const ResponseHead& response, std::string_view upgrade,
                        std::string_view accept, const ResponseAdditions& additions);

}  // namespace sallyport
