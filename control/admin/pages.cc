#include "control/admin/pages.h"

#include <algorithm>
#include <optional>

#include "control/version.h"
#include "dataplane/base/address.h"

namespace sallyport {

namespace {

constexpr std::string_view kPaths[] = {"/healthz", "/readyz", "/metrics", "/api/v1/config",
                                       "/api/v1/sites", "/api/v1/services",
                                       "/api/v1/certificates", "/api/v1/connections"};

HttpResponse plain(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse json(std::string body) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse not_found() { return http_error(404, "no such page"); }

HttpResponse front_page() {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  std::string& html = response.body;
  html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Sallyport</title></head>\n<body>\n"
         "<h1>Sallyport ";
  html += kVersion;
  html += "</h1>\n<ul>\n";
  for (std::string_view path : kPaths) {
    html += "<li><a href=\"";
    html += path;
    html += "\">";
    html += path;
    html += "</a></li>\n";
  }
  html += "</ul>\n</body>\n</html>\n";
  return response;
}

}  // namespace

bool is_local_host(std::string_view host) {
  if (Address::parse_ip(host)) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view kLocal = "localhost";
  if (host.size() < kLocal.size()) return false;
  auto same = [](char a, char b) { return (a | 0x20) == b; };
  std::string_view end = host.substr(host.size() - kLocal.size());
  if (!std::equal(end.begin(), end.end(), kLocal.begin(), same)) return false;
  return host.size() == kLocal.size() || host[host.size() - kLocal.size() - 1] == '.';
}

HttpResponse Pages::answer(const HttpRequest& request) const {
  if (kind_ == Kind::Admin && !is_local_host(request.host)) {
    return http_error(421, "the Host must be an IP address or localhost");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return http_error(405, "nothing here but GET and HEAD");
  }
  if (request.has_body) return http_error(400, "a GET or HEAD with content means nothing here");
  HttpResponse response = probe(request.path);
  if (response.status != 404 || kind_ == Kind::Metrics) return response;
  if (request.path == "/") return front_page();
  return api(request);
}

HttpResponse Pages::probe(std::string_view path) const {
  if (path == "/healthz") return plain("alive\n");
  if (path == "/readyz") {
    if (source_.ready()) return plain("ready\n");
    return plain("not ready: starting or draining\n", 503);
  }
  if (path == "/metrics") {
    HttpResponse response = plain(source_.metrics());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  return not_found();
}

HttpResponse Pages::api(const HttpRequest& request) const {
  if (request.path == "/api/v1/config") return json(source_.config_json());
  std::optional<ApiQuery> query = parse_api_query(request.query);
  auto list = [&](const auto& source) {
    if (!query) return http_error(400, "limit must be a number, and name a name");
    return json(source(*query));
  };
  if (request.path == "/api/v1/connections") {
    return list([this](const ApiQuery& q) { return source_.connections_json(q.most); });
  }
  if (request.path == "/api/v1/sites") return list(source_.sites_json);
  if (request.path == "/api/v1/services") return list(source_.services_json);
  if (request.path == "/api/v1/certificates") return list(source_.certificates_json);
  return not_found();
}

}  // namespace sallyport
