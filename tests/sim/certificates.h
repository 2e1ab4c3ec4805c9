// A small PKI for the peers and the code under test: the same keys and serials in every run.
#pragma once

#include <string>
#include <vector>

#include "dataplane/tls/certificate.h"
#include "dataplane/tls/openssl.h"

namespace sallyport::sim {

/// A certificate with its key, as objects for peers and as text for configurations. Ed25519: its
/// signatures have one length and its keys are any 32 bytes, so nothing here is random.
struct Identity {
  X509Ptr certificate;
  EvpPkeyPtr key;
  std::string crt_pem;
  std::string key_pem;
};

class Authority {
 public:
  explicit Authority(const std::string& name);

  /// For servers and clients alike. `hosts` become DNS names; the first is the common name.
  Identity issue(const std::vector<std::string>& hosts) const;
  const std::string& pem() const { return own_.crt_pem; }
  X509* certificate() const { return own_.certificate.get(); }

  /// As the data of a Secret.
  SecretData secret_of(const Identity& identity) const {
    SecretData data;
    data.tls_crt = identity.crt_pem;
    data.tls_key = identity.key_pem;
    data.ca_crt = pem();
    return data;
  }

 private:
  Identity own_;
};

/// While one exists, OpenSSL's randomness comes from the seed: key shares, nonces, tickets. A
/// ticket holds a random number in an encoding of variable length: without this, sizes differ from
/// run to run.
class SeededOpenssl {
 public:
  explicit SeededOpenssl(uint64_t seed);
  ~SeededOpenssl();
  SeededOpenssl(const SeededOpenssl&) = delete;
  SeededOpenssl& operator=(const SeededOpenssl&) = delete;
};

}  // namespace sallyport::sim
