// What TLS towards clients is made of: one SSL_CTX per policy, and per site the certificates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/client_demand.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/policy.h"
#include "dataplane/tls/ticket_keys.h"

namespace sallyport {

/// All of a site's TLS but its certificate. Sites with equal policies share one context, which
/// costs 0.3 ms and tens of KiB to make. Sessions are resumed by the site that began them only: the
/// session-id context is of the policy and the site.
struct ServerPolicy {
  HandshakePolicy handshake;
  std::vector<std::string> alpn;
  /// What the site demands, and what its routes do: null, and none, where no certificate is asked
  /// for.
  ClientDemandPtr client;
  std::vector<ClientDemandPtr> route_clients;
  /// The handshake succeeds whatever certificate comes, or none: ClientProof says what is to be
  /// thought of it, and somebody must ask. Otherwise what the site does not let in ends the
  /// handshake with an alert; what a route does not let in does not.
  bool respond = false;

  std::string key() const;  // equal for equal policies
};

/// Immutable; shared by threads.
class ServerContext {
 public:
  /// REQUIRES: OpenSSL has all that is offered (tls/offer.h).
  static std::shared_ptr<const ServerContext> make(const ServerPolicy& policy,
                                                   std::shared_ptr<TicketRing> ring);

  /// What binds sessions to this policy and the site of that name; for new_ssl().
  std::string session_context(const std::string& site) const;

  /// A server's SSL that will present whichever of `certificates` fits the client's signature
  /// algorithms. REQUIRES: `certificates` outlives the SSL and is not empty.
  SslPtr new_ssl(const std::vector<std::shared_ptr<const Certificate>>& certificates,
                 const std::string& session_context) const;

 private:
  static int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                           EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypting);
  static int on_certificate(X509_STORE_CTX* store, void* context);
  static int on_new_ticket(SSL* ssl, void* context);
  static SSL_TICKET_RETURN on_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                     size_t name_size, SSL_TICKET_STATUS status, void* context);
  void ask_for_certificates(const ServerPolicy& policy);
  bool may_resume(SSL* ssl, SSL_SESSION* session) const;

  SslCtxPtr context_;
  std::string alpn_wire_;
  std::string policy_key_;
  std::unique_ptr<TicketKeys> ticket_keys_;
  bool asks_ = false;
  ClientDemandPtr demand_;   // of the site
  ClientDemandPtr enforced_; // in the handshake: the same, or null
};

}  // namespace sallyport
