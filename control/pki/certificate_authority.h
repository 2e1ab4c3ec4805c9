// A certificate authority in memory: makes itself or is read, and issues certificates for servers
// and clients.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "control/pki/certificate_names.h"
#include "control/pki/private_key.h"
#include "control/pki/secret_text.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// How far a peer's clock may be behind ours: validity begins this long before it is said to.
inline constexpr std::chrono::minutes kClockSkewMax{5};

enum class CertificateUse : uint8_t { Server, Client, ServerAndClient };

/// From kClockSkewMax before `now`, so that a peer whose clock is slow already accepts the
/// certificate, until `duration` after it.
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
class CertificateAuthority {
 public:
  static Result<CertificateAuthority> make(const AuthorityRequest& request);

  /// Its certificate, self-signed, and the key that fits, as PEM. Errors say which is at fault.
  static Result<CertificateAuthority> parse(std::string_view crt, std::string_view key);

  /// A new key and a certificate for it. An error when a name cannot stand in a certificate, or
  /// when the certificate would outlive the authority: it would silently stop to verify.
  Result<IssuedSecret> issue(const IssueRequest& request) const;

  /// Whether this authority has signed `certificate`, whatever has become of it since.
  bool has_issued(X509& certificate) const;
  /// Signs a revocation list that is otherwise complete. False with OpenSSL's error queued.
  bool sign(X509_CRL& list) const;

  X509& certificate() const { return *certificate_; }
  const std::string& certificate_pem() const { return pem_; }
  Result<SecretText> key_pem() const { return sallyport::key_pem(*key_); }
  std::chrono::system_clock::time_point end() const;

 private:
  CertificateAuthority(EvpPkeyPtr key, X509Ptr certificate, std::string pem)
      : key_(std::move(key)), certificate_(std::move(certificate)), pem_(std::move(pem)) {}

  EvpPkeyPtr key_;
  X509Ptr certificate_;
  std::string pem_;
};

}  // namespace sallyport
