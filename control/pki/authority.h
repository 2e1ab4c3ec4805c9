// A certificate authority that lives in memory: makes itself, and issues certificates for servers
// and clients.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "control/pki/certificate_names.h"
#include "control/pki/private_key.h"
#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

enum class CertificateUse : uint8_t { Server, Client, ServerAndClient };

/// From `now` for `duration`. Validity begins some minutes before `now`, so that a peer whose
/// clock is slow already accepts the certificate.
struct Validity {
  std::chrono::seconds duration{0};
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
};

struct AuthorityRequest {
  std::string common_name;
  KeyType key = KeyType::EcdsaP256;
  Validity validity;
};

struct IssueRequest {
  CertificateNames names;  // for a server: at least one DNS name or IP, as clients ignore the CN
  CertificateUse use = CertificateUse::Server;
  KeyType key = KeyType::EcdsaP256;
  Validity validity;
};

/// What goes into a secret, as PEM under its keys.
struct IssuedSecret {
  std::string tls_crt;
  SecretText tls_key;
  std::string ca_crt;
};

/// Self-signed; signs leaves only (path length 0). Immutable: any thread may use it.
class Authority {
 public:
  static Result<Authority> make(const AuthorityRequest& request);

  /// A new key and a certificate for it. An error when a name cannot stand in a certificate, or
  /// when the certificate would outlive the authority: it would silently stop to verify.
  Result<IssuedSecret> issue(const IssueRequest& request) const;

  const std::string& certificate_pem() const { return pem_; }

 private:
  Authority(EvpPkeyPtr key, X509Ptr certificate, std::string pem)
      : key_(std::move(key)), certificate_(std::move(certificate)), pem_(std::move(pem)) {}

  EvpPkeyPtr key_;
  X509Ptr certificate_;
  std::string pem_;
};

}  // namespace sallyport
