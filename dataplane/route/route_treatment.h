// What is done with a route's requests and responses beyond passing them on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/path_pattern.h"
#include "dataplane/model/text_template.h"
#include "dataplane/wire/h1_writer.h"

namespace sallyport {

/// Made once, with the snapshot. Most routes have none: they cost a look at a null pointer.
struct RouteTreatment {
  uint16_t respond = 0;        // 0: not answered with a page
  uint16_t redirect_code = 0;  // 0: not answered with a redirect
  TextTemplate redirect_to;
  std::vector<Network> allow, deny;

  // Where a backend is asked:
  bool rewrites = false;
  TextTemplate rewrite;
  std::string host_header;     // empty: as it came
  std::vector<FieldConfig> request_fields, response_fields;
  RouteLimits limits;
  std::optional<AffinityConfig> affinity;
  std::string cookie_end;      // of the affinity's cookie, behind its value

  /// Null where `config` asks for nothing of this. What check_route() would refuse is answered 503.
  static std::unique_ptr<const RouteTreatment> make(const RouteConfig& config);

  bool lets_in(const Address& client) const {
    return (allow.empty() || contains(allow, client)) && !contains(deny, client);
  }
  /// Whether some requests for the path get no further.
  bool guards() const { return respond != 0 || !allow.empty() || !deny.empty(); }
  /// Whether the same requests get further.
  bool same_guard(const RouteTreatment& other) const {
    return respond == other.respond && allow == other.allow && deny == other.deny;
  }
};

/// What the places of a template are filled with.
struct TemplateValues {
  PathPattern::Groups groups = {};
  std::string_view host;
  std::string_view path;   // as it was sent
  std::string_view query;  // with its '?', or empty
};

/// Writes `made` with the values in its places. A path that would begin with several slashes, and
/// so would be another host to browsers, begins with one.
void write_template(H1Writer& out, const TextTemplate& made, const TemplateValues& values);

/// The strict-transport-security that `hsts` asks for: "max-age=31536000; includeSubDomains".
std::string hsts_value(const HstsConfig& hsts);

}  // namespace sallyport
