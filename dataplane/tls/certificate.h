// A certificate with its chain and key, a set of authorities, and the text they come from.
#pragma once

#include <string.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/tls/leaf_facts.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/stapling.h"

namespace sallyport {

/// PEM texts under the keys of a Kubernetes Secret, as read; empty: the key is not there.
struct SecretData {
  std::string tls_crt, tls_key, ca_crt, ca_crl;
  std::vector<std::string> ticket_keys;  // not PEM but random bytes; the first is for new tickets

  SecretData() = default;
  SecretData(SecretData&&) = default;
  SecretData& operator=(SecretData&&) = default;
  bool operator==(const SecretData&) const = default;
  /// Leaves no key behind in freed memory.
  ~SecretData() {
    explicit_bzero(tls_key.data(), tls_key.size());
    for (std::string& key : ticket_keys) explicit_bzero(key.data(), key.size());
  }
};

/// A leaf, the chain sent with it, and the private key that fits. Shared by threads; immutable, but
/// that what OpenSSL needs is decoded when it is first used or checked, for of ten thousand few are
/// used soon.
class Certificate {
 public:
  /// `data.tls_crt` holds the leaf first, then its issuers. Errors say which key of the secret is
  /// at fault: whether the key is the certificate's is always known then, but whether OpenSSL can
  /// use both is only known after check().
  static Result<std::shared_ptr<const Certificate>> read(std::shared_ptr<const SecretData> data);
  /// The same, with everything checked and decoded.
  static Result<std::shared_ptr<const Certificate>> parse(std::string_view crt,
                                                          std::string_view key);
  ~Certificate();

  /// Decodes all of it, unless a handshake has, and looks whether it fits together: 0.2 ms, and 0.8
  /// for RSA. What it has decoded is kept, so that no handshake has to.
  Result<void> check() const;
  /// A bad one is not shown any more: handshakes fail.
  enum class State : uint8_t { Unchecked, Good, Bad };
  State state() const { return state_; }

  /// Whether the SANs (or, without any DNS SAN, the CN) cover `host`, which may be "*.rest": that
  /// is covered by the same wildcard only.
  bool covers(const std::string& host) const;
  /// The name by which it covers `host`, as it is written in the certificate. None: it does not.
  std::optional<std::string> name_for(const std::string& host) const;
  std::string names() const;  // for messages: "a.example.com, *.b.example.com"
  bool is_rsa() const { return facts_.rsa; }
  const LeafFacts& facts() const { return facts_; }
  const SecretData& data() const { return *data_; }

  /// Its staple; null: none is shown. Set before it is shared.
  const std::shared_ptr<Stapling>& stapling() const { return stapling_; }
  /// See OcspQuestion::make(); `secret` is for logs.
  static std::shared_ptr<const Certificate> stapled(const Certificate& plain,
                                                    const std::string& secret,
                                                    std::string_view ca_crt,
                                                    const std::string& responder);
  bool is_leaf(const X509* other) const;

  /// Makes `ssl` present this certificate. False (with OpenSSL's error queued) when its key type
  /// cannot be used, or when check() would say what is wrong.
  bool use_in(SSL* ssl) const;
  bool use_in(SSL_CTX* context) const;

 private:
  struct Decoded {
    X509Ptr leaf;
    X509StackPtr chain;
    EvpPkeyPtr key;
    bool key_is_whole = false;  // its private half is known to be the public one's
    bool fits_together() const;
  };
  static Result<std::unique_ptr<Decoded>> decode(const SecretData& data);
  /// The same of its own data, which must say what facts_ says.
  Result<std::unique_ptr<Decoded>> decode_again() const;
  /// What decode_again() says, kept for all who come later.
  Result<const Decoded*> decode_once() const;
  /// Null where it is bad.
  const Decoded* decoded() const;

  std::shared_ptr<const SecretData> data_;
  LeafFacts facts_;
  mutable std::atomic<const Decoded*> decoded_{nullptr};
  mutable std::atomic<State> state_{State::Unchecked};
  std::shared_ptr<Stapling> stapling_;
};

/// Whether a secret can be what a site with these hosts shows: complete, fitting, and covering each
/// host but "*". Pure; checks everything.
Result<void> check_pair(const SecretData& data, const std::vector<std::string>& hosts);

/// All certificates of a PEM text; null where it holds something else after one.
X509StackPtr parse_certificates(std::string_view pem);

/// Authorities from PEM: at least one certificate, or an error. With `crl`, revocation of the leaf
/// is checked against it too.
Result<X509StorePtr> parse_authorities(std::string_view ca, std::string_view crl);

/// When the first revocation list of the store expires, in seconds since 1970; the greatest there
/// is where it has none.
std::time_t first_list_to_expire(X509_STORE* store);
/// One that cannot be read is over: 0.
std::time_t seconds_of(const ASN1_TIME* time);

/// The subjects of the authorities, for the CertificateRequest. Owned by the caller.
STACK_OF(X509_NAME) * authority_names(std::string_view ca);

/// SHA-256 of the parts, each preceded by its length: a name for "the same contents".
std::string content_hash(std::initializer_list<std::string_view> parts);

}  // namespace sallyport
