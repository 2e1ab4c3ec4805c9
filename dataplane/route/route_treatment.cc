#include "dataplane/route/route_treatment.h"

#include "dataplane/base/check.h"
#include "dataplane/model/route_rules.h"

namespace sallyport {

namespace {

using Piece = TextTemplate::Piece;

// Nothing of a route that cannot be as it says is done.
constexpr uint16_t kUnusable = 503;

// REQUIRES: check_route() has found nothing.
TextTemplate parsed(const std::string& text, TextTemplate::Words words) {
  auto made = TextTemplate::parse(text, PathPattern::kMostGroups, words);
  CHECK(made.ok());
  return *std::move(made);
}

std::string attributes_of(const AffinityConfig& affinity) {
  std::string text = "; Path=" + affinity.path;
  if (!affinity.domain.empty()) text += "; Domain=" + affinity.domain;
  if (affinity.max_age.count() > 0) text += "; Max-Age=" + std::to_string(affinity.max_age.count());
  if (affinity.same_site) text += std::string("; SameSite=") + name(*affinity.same_site);
  return text + "; HttpOnly";
}

std::string_view value_of(const Piece& piece, const TemplateValues& values) {
  switch (piece.kind) {
    case Piece::Kind::Text: return piece.text;
    case Piece::Kind::Group: return values.groups[piece.group];
    case Piece::Kind::Host: return values.host;
    case Piece::Kind::RequestUri: return values.path == "*" ? "/" : values.path;
    case Piece::Kind::IsArgs: return values.query.size() > 1 ? "?" : "";
    case Piece::Kind::Args: return values.query.size() > 1 ? values.query.substr(1) : "";
  }
  return {};
}

}  // namespace

std::unique_ptr<const RouteTreatment> RouteTreatment::make(const RouteConfig& config) {
  RouteConfig plain;
  plain.path = config.path;
  plain.path_type = config.path_type;
  plain.service = config.service;
  plain.client_auth = config.client_auth;
  plain.redirect_http = config.redirect_http;
  if (config == plain) return nullptr;
  auto made = std::make_unique<RouteTreatment>();
  if (!check_route(config)) {
    made->respond = kUnusable;
    return made;
  }
  made->respond = config.respond.value_or(uint16_t{0});
  if (config.redirect) {
    made->redirect_code = config.redirect->code;
    made->redirect_to = parsed(config.redirect->to, TextTemplate::Words::OfRequest);
  }
  made->allow = config.allow;
  made->deny = config.deny;
  made->rewrites = !config.rewrite.empty();
  made->rewrite = parsed(config.rewrite, TextTemplate::Words::None);
  made->host_header = config.host_header;
  made->request_fields = config.request_headers;
  made->response_fields = config.response_headers;
  made->limits = config.limits;
  made->affinity = config.affinity;
  if (config.affinity) made->cookie_end = attributes_of(*config.affinity);
  return made;
}

void write_template(H1Writer& out, const TextTemplate& made, const TemplateValues& values) {
  const std::vector<Piece>& pieces = made.pieces();
  bool path = pieces.empty() || pieces.front().kind != Piece::Kind::Text ||
              pieces.front().text.starts_with('/');
  if (path) out.put('/');
  for (const Piece& piece : pieces) {
    std::string_view text = value_of(piece, values);
    while (path && text.starts_with('/')) text.remove_prefix(1);
    path = path && text.empty();
    out.put(text);
    if (piece.kind == Piece::Kind::RequestUri) out.put(values.query);
  }
}

std::string hsts_value(const HstsConfig& hsts) {
  std::string text = "max-age=" + std::to_string(hsts.max_age.count());
  if (hsts.include_subdomains) text += "; includeSubDomains";
  if (hsts.preload) text += "; preload";
  return text;
}

}  // namespace sallyport
