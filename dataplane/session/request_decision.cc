#include "dataplane/session/request_decision.h"

#include <string>

namespace sallyport {

namespace {

Decision refuse(const Site* site, uint16_t status, RequestEnd end, std::string_view detail) {
  Decision decision;
  decision.site = site;
  decision.status = status;
  decision.end = end;
  decision.detail = detail;
  return decision;
}

Decision refuse_ambiguous(const Site& site) {
  return refuse(&site, 400, RequestEnd::BadRequest,
                "the path may mean a route that lets in other clients");
}

Decision serve(const Site& site, const Route& route) {
  Decision decision;
  decision.kind = Decision::Kind::Serve;
  decision.site = &site;
  decision.route = &route;
  decision.status = 0;
  decision.end = RequestEnd::Complete;
  return decision;
}

Decision redirect(const Site& site) {
  Decision decision;
  decision.kind = Decision::Kind::Redirect;
  decision.site = &site;
  decision.status = site.redirect_code;
  decision.end = RequestEnd::Redirected;
  return decision;
}

bool answers_itself(const Route& route) {
  return route.treatment && (route.treatment->respond != 0 || route.treatment->redirect_code != 0);
}

const Route* find_route(const Site& site, std::string_view path) {
  // "*" asks about the server as a whole (RFC 9110 section 9.3.7), which is behind the root.
  const Route* route = site.paths.find(path == "*" ? "/" : path);
  return route && (route->service || answers_itself(*route)) ? route : nullptr;
}

// What a route makes of who has been let in by his certificate, or needs none.
Decision treat(const Site& site, const Route& route, const Sender& sender) {
  Decision decision = serve(site, route);
  const RouteTreatment* treatment = route.treatment.get();
  if (!treatment) return decision;
  if (!treatment->lets_in(*sender.client)) {
    decision.kind = Decision::Kind::Refuse;
    decision.status = 403;
    decision.end = RequestEnd::Forbidden;
    decision.detail = "the client's address is not let in";
  } else if (treatment->respond != 0) {
    decision.kind = Decision::Kind::Refuse;
    decision.status = treatment->respond;
    decision.end = RequestEnd::Answered;
  } else if (treatment->redirect_code != 0) {
    decision.kind = Decision::Kind::Elsewhere;
    decision.status = treatment->redirect_code;
    decision.end = RequestEnd::Redirected;
  }
  return decision;
}

// A path of no route is told to nobody whom the site would not let in.
const ClientDemandPtr& demand_of(const Site& site, const Route* route) {
  return route ? route->client_auth : site.client_auth;
}

bool is_escaped_slash(std::string_view rest) {
  return rest.starts_with("%2F") || rest.starts_with("%5C");
}

// What the path says to a backend that unescapes slashes and looks at nothing behind a ';'.
std::string laxest_reading(std::string_view path) {
  std::string out;
  bool parameters = false;
  for (size_t i = 0; i < path.size(); ++i) {
    bool escaped = is_escaped_slash(path.substr(i));
    if (escaped || path[i] == '/') {
      parameters = false;
      if (out.empty() || out.back() != '/') out += '/';
      if (escaped) i += 2;
    } else if (path[i] == ';') {
      parameters = true;
    } else if (!parameters) {
      out += path[i];
    }
  }
  return out;
}

bool same_guard(const Site& site, const Route* a, const Route* b) {
  static const RouteTreatment kNone{};
  const RouteTreatment& of_a = a && a->treatment ? *a->treatment : kNone;
  const RouteTreatment& of_b = b && b->treatment ? *b->treatment : kNone;
  return demand_of(site, a) == demand_of(site, b) && of_a.same_guard(of_b);
}

// Where routes let in different clients, a path that a backend may take for another route's is a
// way around.
bool may_mean_another_guard(const Site& site, const Route* route, std::string_view path) {
  if (!site.mixed_guards) return false;
  bool clear = path.find(';') == std::string_view::npos &&
               path.find("%2F") == std::string_view::npos &&
               path.find("%5C") == std::string_view::npos;
  if (clear) return false;
  return !same_guard(site, find_route(site, laxest_reading(path)), route);
}

// In the clear nothing is served that TLS is there to protect.
Decision decide_plain(const Site& site, std::string_view path, const Sender& sender) {
  const Route* route = find_route(site, path);
  // A solver's route has been declared for exactly this (RFC 8555 section 8.3), and says nothing
  // that needs a client's certificate.
  if (route && route->acme_challenge) return treat(site, *route, sender);
  bool redirects = route ? route->redirect_http : site.redirect_http;
  if (redirects && !sender.tls_before) return redirect(site);
  if (may_mean_another_guard(site, route, path)) return refuse_ambiguous(site);
  if (demand_of(site, route)) {
    return refuse(&site, 403, RequestEnd::Forbidden, "a client certificate is asked for, and there "
                                                     "is none in the clear");
  }
  if (!route) return refuse(&site, 404, RequestEnd::NoRoute, "no route for the path");
  return treat(site, *route, sender);
}

// A site other than the one that the handshake was for, on the same connection, which clients may
// do (RFC 9110 section 7.4), gets no less than it asks for.
bool handshake_suffices(const Site& site, const ConnectionFacts& facts) {
  bool own = &site == facts.site;
  if (own && !facts.outdated) return true;
  if (site.scenario == Scenario::Passthrough || !site.tls) return false;
  if (site.min_tls > facts.tls) return false;
  if (!site.asks_clients) return true;
  // With certificates: only what was asked for by the very same policy, authorities included; or by
  // an older one of the same site, as what was shown is judged by the new one.
  return own ? facts.proof != nullptr : !facts.outdated && site.tls == facts.site->tls;
}

// A client without the certificate that is asked for, or with one that is no good.
Decision refuse_client(const Site& site, const Route* route, const ClientIdentity& identity) {
  uint16_t status = outcome_of(identity.verdict).status;
  Decision decision = refuse(&site, status, RequestEnd::Forbidden, identity.fault);
  const std::string& page = route ? route->client_error_page : site.client_error_page;
  if (page.empty() || (status != 495 && status != 496)) return decision;
  decision.kind = Decision::Kind::ErrorPage;
  decision.status = 302;
  decision.error_page = page;
  return decision;
}

Decision decide_tls(const Site& site, std::string_view path, const ConnectionFacts& facts,
                    const Sender& sender) {
  if (!handshake_suffices(site, facts)) {
    return refuse(&site, 421, RequestEnd::NoRoute, "the site asks for more than this connection's "
                                                   "handshake gave");
  }
  const Route* route = find_route(site, path);
  if (may_mean_another_guard(site, route, path)) return refuse_ambiguous(site);
  const ClientIdentity* identity = nullptr;
  if (const ClientDemandPtr& demand = demand_of(site, route)) {
    if (!facts.proof) {
      return refuse(&site, 421, RequestEnd::Forbidden, "nobody was asked for a certificate");
    }
    identity = &facts.proof->judged_by(demand);
    if (!identity->let_in) return refuse_client(site, route, *identity);
  }
  if (!route) return refuse(&site, 404, RequestEnd::NoRoute, "no route for the path");
  Decision decision = treat(site, *route, sender);
  decision.identity = identity;
  return decision;
}

}  // namespace

Decision decide(Method method, std::string_view host, std::string_view path,
                const ConnectionFacts& facts, const Sender& sender) {
  const Site* site = facts.rules->sites.find(host).site;
  if (!site) return refuse(nullptr, 404, RequestEnd::NoRoute, "no site has that host");
  // TRACE shows a client's own fields, credentials among them, to scripts (RFC 9110 section 9.3.8).
  if (method == Method::Trace) return refuse(site, 405, RequestEnd::BadRequest, "TRACE");
  if (site->respond != 0) return refuse(site, site->respond, RequestEnd::Answered, {});
  return facts.site ? decide_tls(*site, path, facts, sender) : decide_plain(*site, path, sender);
}

}  // namespace sallyport
