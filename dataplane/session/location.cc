#include "dataplane/session/location.h"

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

// RFC 9110 section 15.4.9: the same request once more, method and body included.
void write_https(H1Writer& out, const LocationFacts& facts) {
  out.put("https://");
  out.put(facts.host);
  if (facts.site.https_port != 443) {
    out.put(':');
    out.put_number(facts.site.https_port);
  }
  std::string_view path = facts.request.path;
  bool cut = !facts.site.preserve_trailing_slash && facts.request.query.empty();
  if (cut && path.ends_with('/')) path.remove_suffix(1);
  out.put(path);
  out.put(facts.request.query);
}

void write_elsewhere(H1Writer& out, const LocationFacts& facts) {
  const Route& route = *facts.route;
  TemplateValues values{{}, facts.host, facts.request.path, facts.request.query};
  if (route.pattern) route.pattern->match(facts.path, values.groups);
  write_template(out, route.treatment->redirect_to, values);
}

}  // namespace

void write_location(H1Writer& out, const LocationFacts& facts) {
  switch (facts.kind) {
    case Decision::Kind::Redirect: return write_https(out, facts);
    case Decision::Kind::Elsewhere: return write_elsewhere(out, facts);
    case Decision::Kind::ErrorPage: return out.put(facts.error_page);
    case Decision::Kind::Serve:
    case Decision::Kind::Refuse: break;
  }
  CHECK(false);
}

}  // namespace sallyport
