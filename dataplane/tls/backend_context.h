// What TLS towards a service is made of: whom to believe, what to show, sessions to resume.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/per_worker.h"
#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/model/kernel_tls.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/policy.h"

namespace sallyport {

/// Immutable but for each worker's own session; shared by threads.
class BackendContext {
 public:
  /// `secret` gives the authorities (without ca.crt: the system's) and, if it has them, the proxy's
  /// own certificate and key. A secret that was asked for but gives neither is an error: it must
  /// not silently mean the system's authorities and no certificate.
  /// Without a word about kernel TLS there is none; Auto is where bytes can be spliced.
  /// REQUIRES: OpenSSL has all that is offered (tls/offer.h).
  static Result<std::shared_ptr<const BackendContext>> make(const BackendTls& policy,
                                                            const SecretData* secret,
                                                            size_t workers);
  static std::string key(const BackendTls& policy, const SecretData* secret);

  /// A client's SSL that will send `name`, and check it unless the policy has `names` (an IP
  /// literal is checked as such and not sent), and resume this worker's last session of that name:
  /// resuming skips the certificate, so one name's session never vouches for another. Null where
  /// the check cannot be set up.
  /// REQUIRES: this outlives the SSL.
  SslPtr new_ssl(const std::string& name, size_t worker, bool http1_only = false) const;

  /// What is to be offered to the kernel of a connection; `spliced`: what is sent on it comes from
  /// a socket in such a way that it need not pass through this process.
  KernelTlsUse kernel_tls(bool spliced) const {
    if (kernel_tls_ == KernelTls::On) return KernelTlsUse::Both;
    return kernel_tls_ == KernelTls::Auto && spliced ? KernelTlsUse::Sending : KernelTlsUse::None;
  }

  /// When the proxy's own certificate expires, and the first revocation list: seconds since 1970;
  /// nothing where there is none.
  std::optional<std::time_t> own_until() const { return own_until_; }
  std::optional<std::time_t> lists_until() const { return lists_until_; }

  explicit BackendContext(size_t workers) : sessions_(workers) {}

 private:
  static HandshakePolicy handshake_of(const BackendTls& policy);
  static int on_certificate(X509_STORE_CTX* store, void* context);
  void verify_by(const BackendTls& policy, bool revocation);
  static int on_new_session(SSL* ssl, SSL_SESSION* session);
  bool still_good(const SSL_SESSION* session, std::time_t now) const;

  SslCtxPtr context_;
  VerifyBackend verify_ = VerifyBackend::Full;
  std::vector<BackendName> names_;
  KernelTls kernel_tls_ = KernelTls::Off;
  std::optional<std::time_t> own_until_, lists_until_;
  PerWorker<std::map<std::string, SslSessionPtr>> sessions_;  // nodes stay where they are
};

}  // namespace sallyport
