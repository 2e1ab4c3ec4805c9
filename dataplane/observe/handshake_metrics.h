// Counters of one worker's TLS handshakes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/observe/count.h"

namespace sallyport {

/// What a client's site asks of certificates.
enum class ClientPolicy : uint8_t {
  None,  // no site was found, or it was not looked for
  Off,
  Optional,
  OptionalNoCa,
  Required,
  ByRoute,  // the site itself does not ask, but routes of it do
  Count,
};

/// Why a handshake failed, with a client or with a backend.
enum class HandshakeError : uint8_t {
  // Of clients, before TLS could begin.
  HelloTimeout,
  HelloTooLarge,
  HelloMalformed,
  NotTls,
  UnknownSni,
  NoSni,
  SiteRefuses,             // everything, as configured
  // Of both.
  PeerLeft,
  Timeout,
  Version,                 // none in common
  Algorithms,              // no cipher, group or signature algorithm in common
  Alpn,                    // no protocol in common
  PeerRefusesCertificate,  // by an alert: it does not trust ours
  PeerAlert,               // any other alert
  NoTls,                   // a backend that was asked for TLS in PostgreSQL's way has none
  OwnCertificate,          // ours cannot be used
  OtherName,               // a second hello that names another host
  Protocol,                // the rules of TLS were broken
  // The peer's certificate, by what it turned out to be.
  CertificateMissing,
  CertificateUnknownIssuer,
  CertificateExpired,
  CertificateNotYetValid,
  CertificateRevoked,
  CertificateRevocationUnknown,
  CertificateTooDeep,
  CertificateWrongUse,
  CertificateBad,
  CertificateNotMatched,
  Count,
};

constexpr size_t kClientPolicies = static_cast<size_t>(ClientPolicy::Count);
constexpr size_t kHandshakeErrors = static_cast<size_t>(HandshakeError::Count);
constexpr size_t kClientVerdicts = 11;  // as there are of tls/client_outcome.h

const char* name(ClientPolicy);    // "optional_no_ca"
const char* name(HandshakeError);  // "certificate_expired"
/// As the verdict with that index is called. REQUIRES: index < kClientVerdicts.
const char* client_verdict_name(size_t index);

struct HandshakeMetrics {
  Count with_clients[kClientPolicies][2][2];  // TLS 1.2, 1.3; full, resumed
  Count with_backends[2][2];
  Count client_errors[kClientPolicies][kHandshakeErrors];
  Count backend_errors[kHandshakeErrors];
  /// Of clients who were asked by their site, whether or not that ended the handshake.
  Count client_certificates[kClientVerdicts];

  void failed(ClientPolicy policy, HandshakeError error) {
    client_errors[static_cast<size_t>(policy)][static_cast<size_t>(error)].add();
  }
  void backend_failed(HandshakeError error) { backend_errors[static_cast<size_t>(error)].add(); }
};

}  // namespace sallyport
