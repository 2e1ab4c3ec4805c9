// The part of validation that concerns what is done with a route's requests beside passing them on.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Where a site's traffic comes from.
struct SiteKind {
  std::string bytes;          // who of it carries bytes ("passthrough"); empty: nobody
  bool in_the_clear = false;  // there is no TLS
  bool http = false;          // it is on a listener of that protocol
  bool https = false;
};

/// Whether http listeners redirect to https. Complains if that is asked for and nothing is there.
bool check_redirect_http(const Written<RedirectHttp>& written, RedirectHttp otherwise,
                         const SiteKind& kind, Problems& problems);

/// Why is_page_status(status) is false, and what would be right.
std::string not_a_page_status(uint64_t status);

/// Nothing, or why `text` is no http or https URL to send clients to.
Result<void> check_url(std::string_view text);

/// Nothing, or why a route cannot be as it says: a pattern, a template, a field or a cookie that
/// none can be, whoever wrote it. validate() has looked already; who makes a RouteConfig otherwise
/// asks here, and so does who uses one. (A group that a pattern does not have is empty.)
Result<void> check_route(const RouteConfig& route);

/// REQUIRES: all outlive it.
class RouteRules {
 public:
  RouteRules(const HttpConfig& http, Problems& problems) : http_(http), problems_(problems) {}

  /// Fills everything of `route` but its path, service and client_auth.
  /// REQUIRES: its path and path_type are there; `kind` carries no bytes.
  void check(const DraftRoute& draft, const SiteKind& kind, RouteConfig& route);

  /// Complains about each key that has no effect on bytes.
  void refuse_for_bytes(const DraftRoute& draft, const std::string& bytes);

 private:
  void check_answers(const DraftRoute& draft, RouteConfig& route);
  void check_redirect(const DraftRoute& draft, RouteConfig& route);
  void check_rewrite(const DraftRoute& draft, RouteConfig& route);
  void check_host_header(const Written<std::string>& draft, RouteConfig& route);
  void check_networks_of(const DraftRoute& draft, RouteConfig& route);
  void check_limits(const Written<DraftRouteLimits>& draft, RouteLimits& limits);
  void check_affinity(const Written<DraftAffinity>& draft, RouteConfig& route);
  void time(const Written<Millis>& written, std::optional<Millis>& out);

  const HttpConfig& http_;
  Problems& problems_;
};

}  // namespace sallyport
