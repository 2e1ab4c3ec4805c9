// A configuration that changes one site, service or secret at a time.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/config.h"

namespace sallyport {

struct SecretData;

/// What sources beside the file (objects of a cluster) add to it, as a change of what they have
/// added so far. Names of services and secrets contain a '/', as "namespace/name", which names of a
/// file do not: so they never meet.
struct PartsChange {
  bool whole = false;  // whatever is not in here is gone
  std::vector<std::shared_ptr<const SiteConfig>> sites = {};  // new ones, and changed ones
  std::vector<std::string> sites_gone = {};                    // by their first hosts
  std::vector<std::shared_ptr<const ServiceConfig>> services = {};
  std::vector<std::string> services_gone = {};
  /// Contents. A secret that sites or services name, but that nobody has delivered, makes the whole
  /// configuration fail: a source that has none leaves the site without TLS, or without the site.
  std::vector<std::pair<std::string, std::shared_ptr<const SecretData>>> secrets = {};
  std::vector<std::string> secrets_gone = {};
};

/// The file's configuration and the parts together. Thread: one at a time.
class ConfigParts {
 public:
  /// Another file: the parts stay.
  void set_base(const Config& base);
  /// Sites and services of `change`; its secrets are not for configurations.
  void apply(const PartsChange& change);

  /// The file's, then the parts in the order of their names. Shares everything that has not changed
  /// with what it was before. A site of which the file has a host is left out. With a site "*",
  /// which has no other host, its listeners serve it to unknown names.
  Config config() const;

 private:
  bool is_of_file(const SiteConfig& site) const;

  Config base_;
  std::set<std::string> hosts_;  // of the file
  std::vector<std::shared_ptr<const SiteConfig>> sites_;        // by first host
  std::vector<std::shared_ptr<const ServiceConfig>> services_;  // by name
};

}  // namespace sallyport
