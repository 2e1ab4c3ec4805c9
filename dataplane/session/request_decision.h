// What becomes of a request before any backend is asked: the site and route that it means, or the
// answer that the proxy gives itself.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/observe/request_end.h"
#include "dataplane/route/snapshot.h"
#include "dataplane/tls/client_proof.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// What is known of the connection that a request came on. Borrowed.
struct ConnectionFacts {
  const ListenerRules* rules = nullptr;
  const Site* site = nullptr;                // chosen by SNI; null where there is no TLS
  bool outdated = false;                     // the handshake was for another TLS of that site
  TlsVersion tls = TlsVersion::V1_2;         // where there is TLS
  ClientProof* proof = nullptr;              // null: nobody was asked for a certificate
};

/// Who sends the request, as far as that is believed. Borrowed.
struct Sender {
  const Address* client = nullptr;
  /// A client in http.trusted_networks says that it came over TLS: that has ended there.
  bool tls_before = false;
};

struct Decision {
  enum class Kind : uint8_t {
    Serve,      // by `route`
    Redirect,   // to https
    Elsewhere,  // to where `route` says
    ErrorPage,  // to where clients without a good certificate are sent: `detail` says why
    Refuse,     // with the page of `status`
  };
  Kind kind = Kind::Refuse;
  const Site* site = nullptr;    // null: unknown
  const Route* route = nullptr;
  /// Of those who were asked, by the route: for the backend to be told. Lives as long as the proof.
  const ClientIdentity* identity = nullptr;
  uint16_t status = 404;
  RequestEnd end = RequestEnd::NoRoute;
  std::string_view detail;
  std::string_view error_page;
};

/// `host` is lower case, without port and trailing dot; `path` as normalize_path() leaves it, or
/// "*".
Decision decide(Method method, std::string_view host, std::string_view path,
                const ConnectionFacts& facts, const Sender& sender);

}  // namespace sallyport
