// From a name to a site: exact names first, then wildcards of one label, then "*".
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/shared_map.h"

namespace sallyport {

struct Site;

enum class NameMatch : uint8_t { None, Exact, Wildcard, Default };

/// Immutable once it is in use; a copy shares with the original what is not changed in it. Holds
/// borrowed sites: they live as long as the snapshot that holds both.
class SiteTable {
 public:
  struct Found {
    const Site* site = nullptr;
    NameMatch match = NameMatch::None;
  };

  /// `host` is lower case: a name, "*.rest" or "*". The first site to claim a host keeps it.
  void add(std::string_view host, const Site& site);
  /// Leaves a host alone that another site has.
  void remove(std::string_view host, const Site& site);

  /// `name` is lower case without trailing dot; empty means that the client named nobody, which
  /// only "*" serves.
  Found find(std::string_view name) const;

 private:
  SharedMap<const Site*> exact_;
  SharedMap<const Site*> wildcard_;  // by what follows "*."
  const Site* default_ = nullptr;
};

}  // namespace sallyport
