// TLS with a client, and what is told to backends before theirs: for the sessions of both kinds.
#pragma once

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/tls/client_identity.h"
#include "dataplane/tls/facts.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

void count_handshake(WorkerMetrics& metrics, Side side, const TlsFacts& facts);

/// What one more step of a client's handshake came to.
struct ClientHandshake {
  Step step = Step::Blocked;
  Reason reason = Reason::Closed;  // of Failed
  bool told = false;               // of Failed: an alert is on its way to the client
};
/// Counts it, and fills the record's TLS fields or its detail. REQUIRES: `client` is under TLS as a
/// server; `record.sni` is the name by which the site was chosen.
ClientHandshake shake_hands(Stream& client, ConnectionRecord& record, WorkerMetrics& metrics);

/// Puts a PROXY header before everything else that is sent to the backend. REQUIRES: `version` is
/// not Off. `client` tells of its TLS, if it has any; `identity` of its certificate, and is null
/// where none was to be shown, or not for this backend.
void send_proxy_header(Stream& backend, ProxyProtocolOut version, const Address& source,
                       const Address& destination, std::string_view authority,
                       const Stream& client, const ClientIdentity* identity);

}  // namespace sallyport
