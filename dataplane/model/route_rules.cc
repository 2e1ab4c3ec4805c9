#include "dataplane/model/route_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"
#include "dataplane/model/path_pattern.h"
#include "dataplane/model/quantity.h"
#include "dataplane/model/route_fields.h"
#include "dataplane/model/route_path.h"
#include "dataplane/model/text_template.h"

namespace sallyport {
namespace {

using Piece = TextTemplate::Piece;

constexpr Millis kMonth = std::chrono::hours(720);
// Browsers forget cookies after 400 days, whatever they are told (RFC 6265bis section 5.6.2).
constexpr Millis kMostOfCookie = std::chrono::hours(24 * 400);
constexpr uint64_t kMostAttempts = 100;
constexpr size_t kMostOfUrl = 2048;

struct Given {
  bool given;
  const Place* place;
};

// What only makes sense where a backend is asked.
std::array<Given, 6> of_backends(const DraftRoute& d) {
  return {{{d.rewrite.given, &d.rewrite.place},
           {d.host_header.given, &d.host_header.place},
           {d.request_headers.given, &d.request_headers.place},
           {d.response_headers.given, &d.response_headers.place},
           {d.limits.given, &d.limits.place},
           {d.affinity.given, &d.affinity.place}}};
}

bool is_url_character(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

// How many groups "$1" to "$9" may name on `route`. A pattern with a fault has been told of.
size_t groups_of(const RouteConfig& route) {
  if (route.path_type != PathType::Regex) return 0;
  auto pattern = PathPattern::compile(route.path);
  return pattern ? (*pattern)->groups() : PathPattern::kMostGroups;
}

// With a letter in each place that a request fills.
std::string sample(const TextTemplate& made) {
  std::string text;
  for (const Piece& piece : made.pieces()) {
    if (piece.kind == Piece::Kind::Group && text.empty()) text += '/';
    text += piece.kind == Piece::Kind::Text ? piece.text : "x";
  }
  return text;
}

// The authority of a URL, which no client may write any of but for the host that it has asked for.
Result<void> check_authority(const TextTemplate& made) {
  const std::vector<Piece>& pieces = made.pieces();
  size_t slashes = pieces.front().text.find("//") + 2;
  bool in_authority = pieces.front().text.find('/', slashes) == std::string::npos;
  for (size_t i = 1; i < pieces.size() && in_authority; ++i) {
    if (pieces[i].kind == Piece::Kind::Group) {
      return Error{"lets clients choose the host they are sent to: write a slash before $" +
                   std::to_string(pieces[i].group)};
    }
    in_authority = pieces[i].kind == Piece::Kind::Host ||
                   (pieces[i].kind == Piece::Kind::Text &&
                    pieces[i].text.find('/') == std::string::npos);
  }
  return {};
}

Result<void> check_target(std::string_view text, const TextTemplate& made) {
  if (!made.pieces().empty() && made.pieces().front().kind == Piece::Kind::Text &&
      text.starts_with('/') && !text.starts_with("//")) {
    if (std::ranges::all_of(text, is_url_character)) return {};
    return Error{in_quotes(text) + " has a character that URLs have only as an escape"};
  }
  if (auto url = check_url(text); !url) return url;
  return check_authority(made);
}

Result<void> check_redirect_target(const std::string& to, size_t groups) {
  auto target = TextTemplate::parse(to, groups, TextTemplate::Words::OfRequest);
  return target ? check_target(to, *target) : Result<void>(target.error());
}

Result<void> check_rewrite_target(const std::string& rewrite, size_t groups) {
  auto made = TextTemplate::parse(rewrite, groups, TextTemplate::Words::None);
  if (!made) return made.error();
  std::string text = sample(*made);
  std::string_view path = std::string_view(text).substr(0, text.find('?'));
  std::string_view query = std::string_view(text).substr(path.size());
  bool good = parse_route_path(path, PathType::Exact, HttpConfig{}).ok() &&
              std::ranges::all_of(query, [](char c) { return is_url_character(c) && c != '#'; });
  if (good) return {};
  return Error{in_quotes(rewrite) +
               " is not a path that backends can be asked for: write one that begins with a slash, "
               "has no empty, \".\" or \"..\" segments, and every other character as an escape"};
}

Result<void> check_host(const std::string& text) {
  std::string_view name = text;
  bool port_good = true;
  size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && name.find(']', colon) == std::string_view::npos) {
    auto port = parse_count(name.substr(colon + 1));
    port_good = port && *port >= 1 && *port <= 65535;
    name = name.substr(0, colon);
  }
  bool six = name.starts_with('[') && name.ends_with(']');
  auto ip = Address::parse_ip(six ? name.substr(1, name.size() - 2) : name);
  bool good = port_good && (six ? ip && !ip->is_v4() : (ip && ip->is_v4()) || parse_dns_name(name));
  if (good) return {};
  return Error{in_quotes(text) + " is not a host: write a name or an IP address, such as "
                                 "shop.internal or shop.internal:8080"};
}

Result<void> check_cookie_name(const std::string& name) {
  if (is_field_token(name) && name.size() <= 128) return {};
  return Error{in_quotes(name) + " is not a cookie's name: write letters, digits, - and _"};
}

Result<void> check_cookie_path(const std::string& path) {
  bool good = path.starts_with('/') && path.size() <= 1024 &&
              std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7f; }) &&
              path.find_first_of(";,") == std::string::npos;
  if (good) return {};
  return Error{in_quotes(path) + " is not a cookie's path: write one that begins with a slash"};
}

Result<void> check_cookie(const AffinityConfig& affinity) {
  if (auto good = check_cookie_name(affinity.cookie); !good) return good;
  if (auto good = check_cookie_path(affinity.path); !good) return good;
  if (affinity.domain.empty()) return {};
  // Browsers pass over a dot in front (RFC 6265 section 5.2.3), and ingress-nginx' users write it.
  std::string_view domain = affinity.domain;
  if (domain.starts_with('.')) domain.remove_prefix(1);
  auto name = parse_dns_name(domain);
  return name ? Result<void>() : name.error();
}

Result<void> check_all_fields(const std::vector<FieldConfig>& fields, MessageKind kind) {
  for (const FieldConfig& field : fields) {
    if (auto good = check_field(field, kind); !good) return good;
  }
  return {};
}

}  // namespace

bool check_redirect_http(const Written<RedirectHttp>& written, RedirectHttp otherwise,
                         const SiteKind& kind, Problems& problems) {
  RedirectHttp redirect = written.or_else(otherwise);
  bool possible = kind.https || redirect == RedirectHttp::Forced;
  if (written && redirect != RedirectHttp::Off && kind.http && !possible) {
    complain(problems, written.place,
             "has nothing to redirect to, for the site is on no https listener: write false, or "
             "have it on one, or write forced if TLS ends at a proxy in front of this one");
  }
  return kind.http && possible && redirect != RedirectHttp::Off;
}

std::string not_a_page_status(uint64_t status) {
  return std::to_string(status) + " cannot be answered without more: write 400, 403, 404, 410, "
                                  "429, 451, 500, 502, 503 or 504";
}

Result<void> check_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return Error{in_quotes(text) + " is not a place to send clients to: write a URL that begins "
                                   "with https:// or http://"};
  }
  if (rest.empty() || rest.starts_with('/') || rest.starts_with('?') || rest.starts_with('#')) {
    return Error{in_quotes(text) + " has no host"};
  }
  if (text.size() > kMostOfUrl) return Error{in_quotes(text) + " is longer than 2048 characters"};
  if (!std::ranges::all_of(text, is_url_character)) {
    return Error{in_quotes(text) + " has a character that URLs have only as an escape"};
  }
  return {};
}

Result<void> check_route(const RouteConfig& route) {
  if (route.path_type == PathType::Regex) {
    if (auto pattern = PathPattern::compile(route.path); !pattern) return pattern.error();
  }
  if (route.redirect) {
    if (!is_redirect_status(route.redirect->code)) return Error{"no redirect has that code"};
    auto good = check_redirect_target(route.redirect->to, PathPattern::kMostGroups);
    if (!good) return good;
  }
  if (route.respond && !is_page_status(*route.respond)) {
    return Error{not_a_page_status(*route.respond)};
  }
  if (!route.rewrite.empty()) {
    auto good = check_rewrite_target(route.rewrite, PathPattern::kMostGroups);
    if (!good) return good;
  }
  if (!route.host_header.empty()) {
    if (auto good = check_host(route.host_header); !good) return good;
  }
  auto fields = check_all_fields(route.request_headers, MessageKind::Request);
  if (fields) fields = check_all_fields(route.response_headers, MessageKind::Response);
  if (!fields) return fields;
  return route.affinity ? check_cookie(*route.affinity) : Result<void>();
}

void RouteRules::check(const DraftRoute& draft, const SiteKind& kind, RouteConfig& route) {
  check_answers(draft, route);
  check_networks_of(draft, route);
  if (draft.redirect_http.given && !kind.http) {
    complain(problems_, draft.redirect_http.place,
             "has no effect, for the site is on no http listener: leave it out");
  } else if (draft.redirect_http) {
    route.redirect_http =
        check_redirect_http(draft.redirect_http, RedirectHttp::Off, kind, problems_);
  }
  check_rewrite(draft, route);
  check_host_header(draft.host_header, route);
  route.request_headers = check_fields(draft.request_headers, MessageKind::Request, problems_);
  route.response_headers = check_fields(draft.response_headers, MessageKind::Response, problems_);
  check_limits(draft.limits, route.limits);
  check_affinity(draft.affinity, route);
}

void RouteRules::refuse_for_bytes(const DraftRoute& draft, const std::string& bytes) {
  auto refuse = [&](bool given, const Place& place) {
    if (given) {
      complain(problems_, place, "has no effect, for " + bytes + " carries bytes: leave it out");
    }
  };
  for (const Given& key : of_backends(draft)) refuse(key.given, *key.place);
  refuse(draft.redirect.given, draft.redirect.place);
  refuse(draft.respond.given, draft.respond.place);
  refuse(draft.allow.given, draft.allow.place);
  refuse(draft.deny.given, draft.deny.place);
  refuse(draft.redirect_http.given, draft.redirect_http.place);
}

// A route has one of service, redirect and respond.
void RouteRules::check_answers(const DraftRoute& draft, RouteConfig& route) {
  if (draft.redirect) check_redirect(draft, route);
  if (draft.respond) {
    if (is_page_status(*draft.respond)) {
      route.respond = static_cast<uint16_t>(*draft.respond);
    } else {
      complain(problems_, draft.respond.place, not_a_page_status(*draft.respond));
    }
  }
  bool answers = draft.redirect.given || draft.respond.given;
  if (draft.redirect.given && draft.respond.given) {
    complain(problems_, draft.respond.place, "stands beside redirect: leave one of them out");
  }
  if (answers && draft.service.given) {
    complain(problems_, draft.service.place,
             std::string("stands beside ") + (draft.redirect.given ? "redirect" : "respond") +
                 ", which asks no backend: leave one of them out");
  }
  if (!answers) {
    if (!draft.service.given) {
      complain(problems_, route.place,
               "service is missing: name one, or write redirect or respond");
    }
    return;
  }
  std::string answer = draft.redirect.given ? "redirect" : "respond";
  for (const Given& key : of_backends(draft)) {
    if (!key.given) continue;
    complain(problems_, *key.place,
             "has no effect beside " + answer + ", which asks no backend: leave it out");
  }
}

void RouteRules::check_redirect(const DraftRoute& draft, RouteConfig& route) {
  const DraftRedirect& redirect = *draft.redirect;
  RedirectConfig& made = route.redirect.emplace();
  if (redirect.code) {
    if (is_redirect_status(*redirect.code)) {
      made.code = static_cast<uint16_t>(*redirect.code);
    } else {
      complain(problems_, redirect.code.place,
               std::to_string(*redirect.code) + " is no redirect: write 301, 302, 303, 307 or 308");
    }
  }
  if (!redirect.to.given) {
    complain(problems_, draft.redirect.place,
             "to is missing: write a URL, or a path that begins with a slash");
  }
  if (!redirect.to) return;
  made.to = *redirect.to;
  Result<void> good = check_redirect_target(made.to, groups_of(route));
  if (!good) complain(problems_, redirect.to.place, good.error().message);
}

void RouteRules::check_rewrite(const DraftRoute& draft, RouteConfig& route) {
  if (!draft.rewrite) return;
  const Place& place = draft.rewrite.place;
  if (!http_.normalize_paths) {
    return complain(problems_, place,
                    "needs paths that are normal: say http.normalize_paths: true");
  }
  route.rewrite = *draft.rewrite;
  auto good = check_rewrite_target(route.rewrite, groups_of(route));
  if (!good) complain(problems_, place, good.error().message);
}

void RouteRules::check_host_header(const Written<std::string>& draft, RouteConfig& route) {
  if (!draft) return;
  route.host_header = *draft;
  if (auto good = check_host(*draft); !good) {
    complain(problems_, draft.place, good.error().message);
  }
}

void RouteRules::check_networks_of(const DraftRoute& draft, RouteConfig& route) {
  auto list = [this](const WrittenList<std::string>& written, const char* meaning) {
    if (!written) return std::vector<Network>();
    if (written->empty()) complain(problems_, written.place, meaning);
    if (!http_.normalize_paths) {
      complain(problems_, written.place,
               "can be walked around where paths are not normalised: say http.normalize_paths: "
               "true");
    }
    return check_networks(written, problems_);
  };
  route.allow = list(draft.allow, "is empty: write networks, or leave it out to let everybody in");
  route.deny = list(draft.deny, "is empty: write networks, or leave it out");
}

void RouteRules::time(const Written<Millis>& written, std::optional<Millis>& out) {
  if (!written) return;
  if (*written >= Millis(1) && *written <= kMonth) {
    out = *written;
    return;
  }
  complain(problems_, written.place,
           duration_text(*written) + " is out of range: write 1ms to " + duration_text(kMonth));
}

void RouteRules::check_limits(const Written<DraftRouteLimits>& draft, RouteLimits& limits) {
  if (!draft) return;
  time(draft->connect_timeout, limits.connect_timeout);
  time(draft->response_timeout, limits.response_timeout);
  time(draft->response_idle_timeout, limits.response_idle_timeout);
  time(draft->body_timeout, limits.body_timeout);
  time(draft->tunnel_idle_timeout, limits.tunnel_idle_timeout);
  if (check_body_size(draft->body_size, problems_)) limits.body_size = *draft->body_size;
  const Written<uint64_t>& attempts = draft->connect_attempts;
  if (!attempts) return;
  if (*attempts >= 1 && *attempts <= kMostAttempts) {
    limits.connect_attempts = static_cast<uint32_t>(*attempts);
  } else {
    complain(problems_, attempts.place,
             std::to_string(*attempts) + " is out of range: write 1 to 100");
  }
}

void RouteRules::check_affinity(const Written<DraftAffinity>& draft, RouteConfig& route) {
  if (!draft) return;
  AffinityConfig& made = route.affinity.emplace();
  if (!draft->cookie.given) complain(problems_, draft.place, "cookie is missing: write its name");
  made.cookie = draft->cookie.or_else("");
  auto check = [this](const Written<std::string>& written, Result<void> good) {
    if (written && !good) complain(problems_, written.place, good.error().message);
  };
  check(draft->cookie, check_cookie_name(made.cookie));
  made.path = draft->path.or_else("/");
  check(draft->path, check_cookie_path(made.path));
  if (draft->domain) {
    auto domain = parse_dns_name(*draft->domain);
    if (domain) made.domain = *domain;
    if (!domain) complain(problems_, draft->domain.place, domain.error().message);
  }
  Millis age = draft->max_age.or_else(Millis(0));
  made.max_age = std::chrono::duration_cast<Seconds>(age);
  if (Millis(made.max_age) != age || age > kMostOfCookie) {
    complain(problems_, draft->max_age.place,
             duration_text(age) + " is not possible: write whole seconds, up to " +
                 duration_text(kMostOfCookie));
  }
  made.same_site = draft->same_site.value;
  made.secure = draft->secure.value;
  made.change_on_failure = draft->change_on_failure.or_else(false);
  if (made.same_site == SameSite::None && made.secure == false) {
    complain(problems_, draft->same_site.place,
             "None is taken by browsers only with secure: true: say so, or write Lax");
  }
}

}  // namespace sallyport
