// What TLS towards clients is made of: one SSL_CTX per policy, and per site the certificates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// All of a site's TLS but its certificate. Sites with equal policies share one context, which
/// costs 0.3 ms and tens of KiB to make. Sessions are resumed by the site that began them only: the
/// session-id context is of the policy and the site.
struct ServerPolicy {
  TlsVersion min_tls = TlsVersion::V1_2;
  std::vector<std::string> alpn;
  VerifyClient verify = VerifyClient::Off;
  /// The handshake succeeds whatever certificate comes, or none: client_identity() says what is to
  /// be thought of it, and somebody must ask. Otherwise a certificate that is not good enough ends
  /// the handshake with an alert.
  bool respond = false;
  int depth = 1;
  std::string ca_crt, ca_crl;  // PEM; REQUIRED unless verify is Off

  std::string key() const;     // equal for equal policies
};

/// Immutable; shared by threads.
class ServerContext {
 public:
  static Result<std::shared_ptr<const ServerContext>> make(const ServerPolicy& policy);

  /// What binds sessions to this policy and the site of that name; for new_ssl().
  std::string session_context(const std::string& site) const;

  /// A server's SSL that will present whichever of `certificates` fits the client's signature
  /// algorithms. REQUIRES: `certificates` outlives the SSL and is not empty.
  SslPtr new_ssl(const std::vector<std::shared_ptr<const Certificate>>& certificates,
                 const std::string& session_context) const;

  VerifyClient verify() const { return verify_; }

 private:
  SslCtxPtr context_;
  VerifyClient verify_ = VerifyClient::Off;
  std::string alpn_wire_;
  std::string policy_key_;
};

}  // namespace sallyport
