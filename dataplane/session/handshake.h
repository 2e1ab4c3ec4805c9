// TLS with a client, and what is told to backends before theirs: for the sessions of both kinds.
#pragma once

#include <memory>

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/route/snapshot.h"
#include "dataplane/tls/client_proof.h"
#include "dataplane/tls/facts.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

/// What a site asks of its clients; null: there is none.
ClientPolicy client_policy(const Site* site);

/// REQUIRES: the stream's handshake is done.
void count_backend_handshake(WorkerMetrics& metrics, const Stream& backend);
void count_backend_failure(WorkerMetrics& metrics, const HandshakeFailure& failure);

/// What one more step of a client's handshake came to.
struct ClientHandshake {
  Step step = Step::Blocked;
  Reason reason = Reason::Closed;  // of Failed
  bool told = false;               // of Failed: an alert is on its way to the client
  std::unique_ptr<ClientProof> proof = nullptr;  // of Done; null where no certificate was asked for
};
/// Counts it, and fills the record's TLS fields or its detail. Once it is done, OpenSSL's part of
/// the stream may be gone. REQUIRES: `client` is under TLS as the server of `site`; `record.sni` is
/// the name by which that was chosen.
ClientHandshake shake_hands(Stream& client, const Site& site, ConnectionRecord& record,
                            WorkerMetrics& metrics);

/// Puts a PROXY header before everything else that is sent to the backend. REQUIRES: `version` is
/// not Off. `client` tells of its TLS, if it has any; `identity` of its certificate, and is null
/// where none was to be shown, or not for this backend.
void send_proxy_header(Stream& backend, ProxyProtocolOut version, const Address& source,
                       const Address& destination, std::string_view authority,
                       const ConnectionRecord& client, const ClientIdentity* identity);

}  // namespace sallyport
