// From a name to a site: exact names first, then wildcards of one label, then "*".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport {

struct Site;

enum class NameMatch : uint8_t { None, Exact, Wildcard, Default };

/// Immutable once built. Holds borrowed sites: they live as long as the snapshot that holds both.
class SiteTable {
 public:
  struct Found {
    const Site* site = nullptr;
    NameMatch match = NameMatch::None;
  };

  /// `host` is lower case: a name, "*.rest" or "*". The first site to claim a host keeps it.
  void add(std::string_view host, const Site& site);

  /// `name` is lower case without trailing dot; empty means that the client named nobody, which
  /// only "*" serves.
  Found find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, const Site*, Hash, std::equal_to<>>;

  Map exact_;
  Map wildcard_;  // by what follows "*."
  const Site* default_ = nullptr;
};

}  // namespace sallyport
