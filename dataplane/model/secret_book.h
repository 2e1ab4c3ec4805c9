// Which secrets a configuration declares and which of them it uses.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// What a secret must have for its use.
enum class SecretUse : uint8_t {
  Server,       // tls.crt and tls.key
  Authorities,  // ca.crt
  Backend,      // either or both
  TicketKeys,   // ticket.key
};

/// REQUIRES: the Draft and the Problems outlive it.
class SecretBook {
 public:
  SecretBook(const Draft& draft, Problems& problems);

  /// Notes that `place` uses the secret `name`: an entry of `secrets`, or else the folder of that
  /// name in secrets_directory. Complains when there is neither, or when an entry, file by file,
  /// lacks what the use needs. `default_name`: nobody wrote the name, it is the site's host.
  void use(const std::string& name, const Place& place, SecretUse use, bool default_name = false);

  /// The used ones, by name.
  std::vector<SecretConfig> used() const;

 private:
  void declare(const DraftSecret& secret);
  void take_files(const DraftSecret& secret, SecretConfig& config);
  void check_overlap(const Written<Millis>& overlap, SecretConfig& config);
  bool check_use(const SecretConfig& secret, const Place& place, SecretUse use);
  void use_folder(const std::string& name, const Place& place, bool default_name);
  std::vector<std::string> names() const;
  std::string path(const Written<std::string>& written) const;

  const Draft& draft_;
  Problems& problems_;
  std::map<std::string, SecretConfig> declared_;
  std::map<std::string, SecretConfig> used_;
};

/// `path` as seen from the configuration's folder.
std::string from_folder(const std::string& folder, const std::string& path);

}  // namespace sallyport
