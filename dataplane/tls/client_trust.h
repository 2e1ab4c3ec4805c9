// Whose client certificates are good: authorities, how deep, and who was revoked.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/tls/client_outcome.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Immutable; shared by threads.
class ClientTrust {
 public:
  /// From ca.crt and ca.crl. Without a list nobody is revoked, unless `check` asks for one: then it
  /// is an error. Errors say which key of the secret is at fault.
  static Result<std::shared_ptr<const ClientTrust>> make(std::string_view ca_crt,
                                                         std::string_view ca_crl, int depth,
                                                         CrlCheck check);
  static std::string key(std::string_view ca_crt, std::string_view ca_crl, int depth,
                         CrlCheck check);

  struct Finding {
    ClientVerdict verdict = ClientVerdict::Good;
    std::string_view words;  // OpenSSL's, static; of what is not Good
    std::time_t until = 0;   // of Good: when the first certificate or list of it expires
  };
  /// At this moment. `sent` are the certificates that came with it, or null.
  Finding check(X509* leaf, STACK_OF(X509) * sent) const;

  const std::string& key() const { return key_; }
  /// When the first list expires; the greatest there is where there is none.
  std::time_t lists_until() const { return lists_until_; }
  const std::string& authorities() const { return authorities_; }

 private:
  X509StorePtr store_;
  int depth_ = 1;
  unsigned long flags_ = 0;
  std::time_t lists_until_;  // when the first list expires
  std::string authorities_;  // PEM
  std::string key_;
};

}  // namespace sallyport
