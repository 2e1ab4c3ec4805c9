// Clients whose certificates were found good a moment ago. A client comes back with every new
// connection, and each time its chain of signatures would be verified again, which costs more than
// all the rest of a resumed handshake.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dataplane/tls/client_identity.h"

namespace sallyport {

/// What was found depends on the certificates, the demand (whose content covers authorities and
/// revocation lists) and the time alone. Equal certificates under an equal demand are thus judged
/// alike until the first of the chain, or of the lists, expires: so long it is remembered, and only
/// what was good. Bounded. Thread: one each.
class KnownClients {
 public:
  static constexpr size_t kMost = 2048;

  static KnownClients& of_this_thread();

  /// What find() and remember() go by; `certificates` are the leaf and those that came with it, in
  /// DER, one after the other.
  static std::string key(const ClientDemand& demand, std::string_view certificates);

  /// Null: not known, or not any more.
  std::shared_ptr<const ClientIdentity> find(const std::string& key, std::time_t now);
  /// REQUIRES: `identity` is let in, and its chain is good until `until`.
  void remember(const std::string& key, std::shared_ptr<const ClientIdentity> identity,
                std::time_t now, std::time_t until);

 private:
  struct Known {
    std::shared_ptr<const ClientIdentity> identity;
    std::time_t since = 0;  // a clock that was set back makes it unknown
    std::time_t until = 0;
  };
  std::unordered_map<std::string, Known> known_;
};

}  // namespace sallyport
