#include "control/explain.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "control/file/secret_reader.h"
#include "control/file/yaml_reader.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/check.h"
#include "dataplane/listener_key.h"
#include "dataplane/model/hostname.h"
#include "dataplane/session/request_decision.h"
#include "dataplane/wire/uri_path.h"

namespace sallyport {

namespace {

constexpr int kUsage = 2;

const char* why(NameMatch match) {
  switch (match) {
    case NameMatch::Exact: return "the host is this name";
    case NameMatch::Wildcard: return "a wildcard covers the name's first label";
    case NameMatch::Default: return "no other site has the name, and \"*\" takes the rest";
    case NameMatch::None: return "no site has the name";
  }
  return "";
}

std::string endpoint_text(const EndpointConfig& endpoint) {
  bool literal = Address::parse_ip(endpoint.host).has_value();
  bool six = literal && endpoint.host.find(':') != std::string::npos;
  return (six ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port) +
         (literal ? "" : " (looked up while running)");
}

// What a request's path is made before anybody looks at it.
struct AskedPath {
  PathStatus status = PathStatus::Ok;
  std::string written;  // without its query, which no rule looks at
  std::string normal;

  AskedPath(const std::string& path, const HttpConfig& http)
      : written(path.substr(0, path.find('?'))), normal(written) {
    if (!http.normalize_paths) return;
    bool keep = http.encoded_slashes == EncodedSlashes::Keep;
    std::vector<uint8_t> out(written.size());
    size_t size = 0;
    status = normalize_path(written, keep ? EncodedSlash::Keep : EncodedSlash::Refuse, out, size);
    normal.assign(out.begin(), out.begin() + static_cast<ptrdiff_t>(size));
  }
};

class Explanation {
 public:
  Explanation(const Snapshot& snapshot, const std::string& host, const std::string& path)
      : snapshot_(snapshot), host_(normal_host(host)), path_(path, snapshot.config.http) {}

  std::string run() {
    for (const auto& rules : snapshot_.listeners) on(*rules);
    return std::move(out_);
  }

 private:
  void line(const char* what, const std::string& text) {
    std::string start = what;
    start.resize(std::max(kColumn, start.size() + 1), ' ');
    out_ += "  " + start + text + "\n";
  }

  void on(const ListenerRules& rules) {
    const ListenerConfig& listener = rules.config;
    out_ += "listener " + listener.name + " (" + listener_key(listener) + ", " +
            name(listener.protocol) + ")\n";
    if (listener.protocol == Protocol::Tcp) {
      line("site:", "none: a tcp listener has one service for every name");
      return service(listener.service);
    }
    SiteTable::Found found = rules.sites.find(host_);
    if (found.site) {
      site(rules, *found.site, found.match);
    } else if (listener.protocol == Protocol::Http) {
      line("answer:", std::string("404: ") + why(found.match) + " on this listener");
    } else {
      out_ += std::string("  refused with the TLS alert unrecognized_name: ") + why(found.match) +
              " on this listener\n";
    }
  }

  void site(const ListenerRules& rules, const Site& site, NameMatch match) {
    const SiteConfig& config = config_of(site);
    line("site:", site.name + " (" + config.place.text() + "): " + why(match));
    line("scenario:", name(site.scenario));
    Protocol protocol = rules.config.protocol;
    if (protocol != Protocol::Http) tls(site, config);
    if (site.scenario == Scenario::Passthrough) {
      line("certificate:", "the backend's own: its TLS goes through");
    }
    if (config.respond) {
      return line("answer:", protocol == Protocol::Tls
                                 ? "the TLS alert access_denied: the site has respond"
                                 : std::to_string(*config.respond) + ": the site has respond");
    }
    if (protocol == Protocol::Tls || site.scenario == Scenario::Passthrough) {
      return service(config.routes.front().service);
    }
    if (path_.status != PathStatus::Ok) {
      return line("answer:", std::string("400: ") + text(path_.status));
    }
    if (path_.normal != path_.written) line("path:", path_.written + " is " + path_.normal);
    if (protocol == Protocol::Http) {
      in_the_clear(rules, site, config);
    } else {
      route(site, config, site.paths.find(path_.normal));
    }
  }

  void tls(const Site& site, const SiteConfig& config) {
    for (size_t i = 0; i < site.certificates.size(); ++i) {
      const Certificate& certificate = *site.certificates[i];
      line("certificate:", "of secret " + config.secrets[i] + ", " + why_certificate(certificate) +
                               (site.certificates.size() > 1 ? "; " + which_of_two(certificate)
                                                             : ""));
    }
    const ClientAuth& auth = config.client_auth;
    if (auth.verify != VerifyClient::Off) client_auth(auth);
  }

  std::string why_certificate(const Certificate& certificate) const {
    std::string covered = "covers " + certificate.names();
    std::optional<std::string> by = certificate.name_for(host_);
    if (!by) {
      return covered + ": not this name, which the site shows it to all the same, as it has no "
                       "other";
    }
    return covered + (*by == host_ ? ": the name itself" : ": the name by " + *by);
  }

  // OpenSSL goes by our order of signature algorithms, and for TLS 1.2 of ciphers, in which ECDSA
  // comes first unless the site says otherwise.
  static std::string which_of_two(const Certificate& certificate) {
    return certificate.is_rsa() ? "its key is RSA: for clients that take no ECDSA"
                                : "its key is for ECDSA: for clients that take it";
  }

  void client_auth(const ClientAuth& auth) {
    std::string text = name(auth.verify);
    if (auth.verify == VerifyClient::Off) return line("client certificate:", text);
    text += ", trusted by ca.crt of secret " + auth.secret;
    text += auth.on_failure == OnFailure::Respond ? "; if it fails, the answer is 400"
                                                  : "; if it fails, so does the handshake";
    if (!auth.match.empty()) text += "; and only those that match names";
    line("client certificate:", text);
  }

  void in_the_clear(const ListenerRules& rules, const Site& site, const SiteConfig& config) {
    ConnectionFacts facts;
    facts.rules = &rules;
    Address nobody;
    Decision decision = decide(Method::Get, host_, path_.normal, facts, {&nobody});
    switch (decision.kind) {
      case Decision::Kind::Redirect:
        line("answer:", std::to_string(decision.status) +
                            " to https: redirect_http is true, and the path is of no route under "
                            "/.well-known/acme-challenge/");
        return;
      case Decision::Kind::Serve:
      case Decision::Kind::Elsewhere: return route(site, config, decision.route);
      case Decision::Kind::ErrorPage:
      case Decision::Kind::Refuse:
        if (decision.route) return route(site, config, decision.route);
        line("answer:", std::to_string(decision.status) + ": " + std::string(decision.detail));
        return;
    }
  }

  void route(const Site& site, const SiteConfig& config, const Route* route) {
    if (!route) return line("answer:", "404: no route of the site covers " + path_.normal);
    for (size_t i = 0; i < site.routes.size(); ++i) {
      if (site.routes[i].get() != route) continue;
      const RouteConfig& c = config.routes[i];
      line("route:", c.path + " (" + name(c.path_type) + ", " + c.place.text() + "): " +
                         why_route(c, config));
      if (c.client_auth) client_auth(*c.client_auth);
      treatment(c);
      service(c.service);
    }
  }

  void treatment(const RouteConfig& c) {
    if (!c.allow.empty()) line("allowed:", networks_text(c.allow) + "; others get 403");
    if (!c.deny.empty()) line("denied:", networks_text(c.deny) + ", with 403");
    if (c.respond) line("answer:", std::to_string(*c.respond) + ": the route has respond");
    if (c.redirect) {
      line("answer:", std::to_string(c.redirect->code) + " to " + c.redirect->to);
    }
    if (!c.rewrite.empty()) line("asked for:", c.rewrite);
    if (!c.host_header.empty()) line("as host:", c.host_header);
    if (c.affinity) line("endpoint:", "chosen by the cookie " + c.affinity->cookie);
  }

  static std::string networks_text(const std::vector<Network>& networks) {
    std::string text;
    for (const Network& network : networks) text += (text.empty() ? "" : ", ") + network.text();
    return text;
  }

  std::string why_route(const RouteConfig& route, const SiteConfig& config) {
    if (route.path_type == PathType::Exact) return "it is this path, and Exact comes first";
    if (route.path_type == PathType::Regex) {
      return "the longest Regex that matches " + path_.normal + ", which comes before Prefix";
    }
    if (config.routes.size() == 1) return "the site's only route";
    return route.path == "/" ? "no longer Prefix covers " + path_.normal
                             : "the longest Prefix that covers " + path_.normal;
  }

  void service(const std::string& name) {
    for (const ServiceConfig& service : snapshot_.config.services) {
      if (service.name != name) continue;
      line("service:", name + " (" + service.place.text() + ")");
      for (const EndpointConfig& e : service.endpoints) line("endpoint:", endpoint_text(e));
      line("backend:", service.tls ? tls_text(*service.tls) : "plain");
    }
  }

  static std::string tls_text(const BackendTls& tls) {
    std::string names;
    for (const BackendName& n : tls.names) names += (names.empty() ? "" : " or ") + n.text;
    return std::string("TLS, verify: ") + name(tls.verify) +
           ", authorities: " + (tls.secret.empty() ? "the system's" : tls.secret) +
           ", name: " + (tls.name.empty() ? "the endpoint's" : tls.name) +
           (names.empty() ? "" : ", certificate for: " + names) +
           (tls.sslmode ? std::string(", sslmode: ") + name(*tls.sslmode) : "");
  }

  const SiteConfig& config_of(const Site& site) const {
    for (size_t i = 0; i < snapshot_.sites.size(); ++i) {
      if (snapshot_.sites[i].get() == &site) return snapshot_.config.sites[i];
    }
    CHECK(false);  // the table of a snapshot holds the snapshot's own sites
  }

  static constexpr size_t kColumn = 11;

  const Snapshot& snapshot_;
  std::string host_;
  AskedPath path_;
  std::string out_;
};

}  // namespace

std::string explanation(const Snapshot& snapshot, const std::string& host,
                        const std::string& path) {
  return Explanation(snapshot, host, path).run();
}

int explain(const std::string& file, const std::string& host, const std::string& path) {
  if (!path.starts_with('/')) {
    std::fprintf(stderr, "PATH must begin with a slash, such as /%s\n", path.c_str());
    return kUsage;
  }
  ReadResult read = read_config_file(file);
  Problems problems = read.problems;
  std::shared_ptr<const Snapshot> snapshot;
  if (read.config) {
    Materials materials;
    materials.secrets = read_secrets(*read.config, problems);
    snapshot = SnapshotBuilder(1).build(*read.config, materials, problems);
  }
  if (!snapshot || !problems.empty()) {
    for (const Problem& p : problems) std::fprintf(stderr, "%s\n", p.text().c_str());
    return 1;
  }
  std::fputs(explanation(*snapshot, host, path).c_str(), stdout);
  return 0;
}

}  // namespace sallyport
