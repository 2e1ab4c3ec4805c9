#include "control/kube/host_routes.h"

#include <algorithm>

#include "control/kube/route_entries.h"

namespace sallyport::kube {

namespace {

// Whether plain requests for the entry are sent to https.
bool redirects(const RouteEntry& entry, bool tls) {
  const IngressNotes& notes = entry.record->notes;
  if (!entry.may_redirect) return false;
  return notes.force_ssl_redirect || (tls && notes.ssl_redirect);
}

const ServiceKey& key_for(const RouteEntry& entry, Leg leg) {
  bool secure = entry.secure && (!entry.plain || leg == Leg::Https);
  return secure ? *entry.secure : *entry.plain;
}

}  // namespace

HostRoutes::HostRoutes(const HostContext& context)
    : context_(context), entries_(route_entries(context)) {}

bool HostRoutes::by_scheme() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const RouteEntry& entry) { return entry.plain && entry.secure; });
}

bool HostRoutes::all_redirect(bool tls) const {
  return std::all_of(entries_.begin(), entries_.end(), [&](const RouteEntry& entry) {
    return !entry.may_redirect || redirects(entry, tls);
  });
}

std::string HostRoutes::root_service() {
  for (const RouteEntry& entry : entries_) {
    if (entry.route.path != "/" || entry.route.path_type != PathType::Prefix) continue;
    if (!entry.plain && !entry.secure) return {};
    // TLS goes through: what would be said of the proxy's own has no place.
    ServiceKey key = entry.plain ? *entry.plain : *entry.secure;
    key.tls.reset();
    key.variant.clear();
    context_.result.services.emplace(key.text(), key);
    return key.text();
  }
  return {};
}

void HostRoutes::fill(SiteConfig& site, Leg leg, bool tls, bool http,
                      const ClientAuthChoice& client_auth) {
  site.body_size = context_.around.global.defaults.body_size;
  if (http && !entries_.empty()) site.redirect_http = redirects(entries_.front(), tls);
  bool any_redirect = false;
  for (const RouteEntry& entry : entries_) {
    RouteConfig route = entry.route;
    if (entry.plain || entry.secure) {
      const ServiceKey& key = key_for(entry, leg);
      route.service = key.text();
      context_.result.services.emplace(route.service, key);
      if (key.tls && !key.tls->secret.empty()) {
        context_.result.secrets.insert(entry.record->notes.backend_tls.secret.name);
      }
      // As nginx tells it where verification is switched off.
      if (client_auth.switched_off) route.request_headers.push_back({"ssl-client-verify", "NONE"});
    }
    bool redirect = http && redirects(entry, tls);
    if (redirect && !any_redirect) {
      any_redirect = true;
      site.preserve_trailing_slash = entry.record->notes.preserve_trailing_slash;
    }
    if (http && redirect != site.redirect_http) route.redirect_http = redirect;
    site.routes.push_back(std::move(route));
  }
}

}  // namespace sallyport::kube
