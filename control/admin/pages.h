// The pages of the two HTTP addresses: a request in, a response out.
#pragma once

#include "control/admin/admin_source.h"
#include "control/admin/http_request.h"
#include "control/admin/http_response.h"

namespace sallyport {

/// `metrics` has /healthz, /readyz and /metrics and is asked by probes and scrapers under any
/// name. `admin` has these, the JSON API and a page with links; there a Host that is neither an
/// IP literal nor localhost is refused, because a browser was led here by somebody else's name
/// (DNS rebinding) and would let that somebody read the answers.
class Pages {
 public:
  enum class Kind : uint8_t { Metrics, Admin };

  /// REQUIRES: `source` outlives this.
  Pages(Kind kind, const AdminSource& source) : kind_(kind), source_(source) {}

  HttpResponse answer(const HttpRequest& request) const;

 private:
  HttpResponse probe(std::string_view path) const;
  HttpResponse api(const HttpRequest& request) const;

  Kind kind_;
  const AdminSource& source_;
};

/// An IP literal, "localhost", or a name below it.
bool is_local_host(std::string_view host);

}  // namespace sallyport
