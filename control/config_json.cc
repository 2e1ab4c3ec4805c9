#include "control/config_json.h"

#include <algorithm>
#include <set>

// RapidJSON 1.1 adds to the null pointer of a buffer that it has not allocated yet, which is
// harmless, but which clang's sanitizer would report instead of what it is there for.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include "dataplane/model/quantity.h"

namespace sallyport {
namespace {

std::string bind_text(const Address& address, bool any) {
  return any ? ":" + std::to_string(address.port()) : address.text();
}

std::string endpoint_text(const EndpointConfig& endpoint) {
  bool six = endpoint.host.find(':') != std::string::npos;
  return (six ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

class ConfigWriter {
 public:
  ConfigWriter() : out_(buffer_) {
    out_.SetIndent(' ', 2);
    out_.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  }

  std::string write(const Config& config) {
    for (const ListenerConfig& l : config.listeners) {
      if (l.protocol == Protocol::Https) https_listeners_.insert(l.name);
    }
    object([&] {
      settings(config);
      limits(config.limits);
      if (config.kubernetes) kubernetes(*config.kubernetes);
      list("listeners", config.listeners, [&](const ListenerConfig& l) { listener(l); });
      list("sites", config.sites, [&](const SiteConfig& s) { site(s); });
      list("services", config.services, [&](const ServiceConfig& s) { service(s); });
      list("secrets", config.secrets, [&](const SecretConfig& s) { secret(s); });
    });
    return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n";
  }

 private:
  void value(const std::string& text) {
    out_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void text(const char* key, const std::string& written) {
    out_.Key(key);
    value(written);
  }
  // For what has no empty value in a configuration.
  void text_if_any(const char* key, const std::string& written) {
    if (!written.empty()) text(key, written);
  }
  void number(const char* key, uint64_t written) {
    out_.Key(key);
    out_.Uint64(written);
  }
  void boolean(const char* key, bool written) {
    out_.Key(key);
    out_.Bool(written);
  }
  void networks(const char* key, const std::vector<Network>& items) {
    list(key, items, [this](const Network& network) { value(network.text()); });
  }
  void size(const char* key, uint64_t bytes) { text(key, size_text(bytes)); }
  void time(const char* key, Millis duration) { text(key, duration_text(duration)); }

  template <class Body>
  void object(Body body) {
    out_.StartObject();
    body();
    out_.EndObject();
  }
  template <class Body>
  void object(const char* key, Body body) {
    out_.Key(key);
    object(body);
  }
  template <class Items, class Write>
  void list(const char* key, const Items& items, Write write) {
    out_.Key(key);
    out_.StartArray();
    for (const auto& item : items) write(item);
    out_.EndArray();
  }
  void texts(const char* key, const std::vector<std::string>& items) {
    list(key, items, [this](const std::string& item) { value(item); });
  }

  void settings(const Config& config) {
    if (config.workers == 0) {
      text("workers", "auto");
    } else {
      number("workers", config.workers);
    }
    http_address("metrics", config.metrics);
    http_address("admin", config.admin);
    boolean("watch", config.watch);
    object("drain", [&] {
      time("delay", config.drain_delay);
      time("timeout", config.drain_timeout);
    });
    object("access_log", [&] {
      text("path", config.access_log.path);
      text("format", name(config.access_log.format));
    });
    if (config.ca_overlap > Millis(0)) time("ca_overlap", config.ca_overlap);
    if (!config.ticket_keys.secret.empty()) {
      object("ticket_keys", [&] { text("secret", config.ticket_keys.secret); });
    }
    http(config.http);
    object("resolver", [&] {
      list("servers", config.resolver.servers, [this](const Address& a) { value(a.text()); });
      time("timeout", config.resolver.timeout);
      time("min_ttl", config.resolver.min_ttl);
      time("max_ttl", config.resolver.max_ttl);
    });
  }

  void http(const HttpConfig& http) {
    object("http", [&] {
      boolean("normalize_paths", http.normalize_paths);
      text("encoded_slashes", name(http.encoded_slashes));
      text("underscores_in_headers", http.keep_underscores ? "keep" : "drop");
      networks("trusted_networks", http.trusted_networks);
      boolean("forwarded", http.forwarded);
    });
  }

  void http_address(const char* key, const HttpAddress& http) {
    if (!http.enabled()) return text(key, "off");
    object(key, [&] {
      text("address", http.unix_path.empty() ? bind_text(http.address, http.any)
                                             : "unix:" + http.unix_path);
    });
  }

  void limits(const Limits& limits) {
    object("limits", [&] {
      number("connections", limits.connections);
      number("connections_per_client", limits.connections_per_client);
      size("hello_size", limits.hello_size);
      time("hello_timeout", limits.hello_timeout);
      time("handshake_timeout", limits.handshake_timeout);
      time("connect_timeout", limits.connect_timeout);
      number("connect_attempts", limits.connect_attempts);
      time("idle_timeout", limits.idle_timeout);
      time("half_closed_timeout", limits.half_closed_timeout);
      size("pipe_memory", limits.pipe_memory);
      size("turn_bytes", limits.turn_bytes);
      http_limits(limits);
    });
  }

  void http_limits(const Limits& limits) {
    size("header_size", limits.header_size);
    number("header_count", limits.header_count);
    time("header_timeout", limits.header_timeout);
    size("body_size", limits.body_size);
    time("body_timeout", limits.body_timeout);
    time("keep_alive_timeout", limits.keep_alive_timeout);
    time("response_timeout", limits.response_timeout);
    time("response_idle_timeout", limits.response_idle_timeout);
    time("request_timeout", limits.request_timeout);
    time("tunnel_idle_timeout", limits.tunnel_idle_timeout);
    number("backend_idle_connections", limits.backend_idle_connections);
    time("backend_idle_timeout", limits.backend_idle_timeout);
    number("http2_streams", limits.http2_streams);
    number("http2_resets", limits.http2_resets);
    number("http2_control_frames", limits.http2_control_frames);
  }

  void kubernetes(const KubernetesConfig& kube) {
    object("kubernetes", [&] {
      text_if_any("kubeconfig", kube.kubeconfig);
      text_if_any("manifests", kube.manifests);
      text_if_any("context", kube.context);
      texts("namespaces", kube.namespaces);
      texts("ingress_classes", kube.ingress_classes);
      text("controller", kube.controller);
      boolean("ssl_passthrough", kube.ssl_passthrough);
      text("compat", name(kube.compat));
      boolean("require_backend_verification", kube.require_backend_verification);
      text("secrets", name(kube.secrets));
      text_if_any("default_certificate", kube.default_certificate.text());
      text_if_any("config_map", kube.config_map.text());
      text_if_any("cache", kube.cache);
      if (!kube.cache.empty()) boolean("cache_secrets", kube.cache_secrets);
      time("watch_timeout", kube.watch_timeout);
      size("objects_size", kube.objects_size);
      if (kube.status.enabled()) published_status(kube.status);
      object("leader_election", [&] {
        boolean("enabled", kube.leader_election.enabled);
        text("lease", kube.leader_election.lease);
        text_if_any("namespace", kube.leader_election.space);
        time("duration", kube.leader_election.duration);
      });
      boolean("events", kube.events);
      text_if_any("ticket_secret", kube.ticket_secret.text());
    });
  }

  void published_status(const PublishedStatus& status) {
    object("status", [&] {
      text_if_any("service", status.service.text());
      if (!status.addresses.empty()) texts("addresses", status.addresses);
      if (status.nodes) boolean("nodes", true);
    });
  }

  void listener(const ListenerConfig& listener) {
    object([&] {
      text("name", listener.name);
      text("address", bind_text(listener.address, listener.any));
      text("protocol", name(listener.protocol));
      if (listener.protocol == Protocol::Tcp) {
        text("service", listener.service);
      } else if (listener.protocol != Protocol::Http) {
        text("unknown_sni", name(listener.unknown_sni));
      }
      if (listener.sslmode) text("sslmode", name(*listener.sslmode));
      if (listener.protocol == Protocol::Https || listener.protocol == Protocol::Http) {
        boolean("http2", listener.http2);
      }
      text("proxy_protocol", name(listener.proxy_protocol));
      if (listener.trusted_networks.empty()) return;
      networks("trusted_networks", listener.trusted_networks);
    });
  }

  void site(const SiteConfig& site) {
    object([&] {
      texts("host", site.hosts);
      texts("listeners", site.listeners);
      text("scenario", name(site.scenario));
      if (!site.secrets.empty()) {
        texts("secret", site.secrets);
        if (site.any_certificate) boolean("any_certificate", true);
        text("min_tls", name(site.min_tls));
        offer(site.offer);
        ocsp(site.ocsp);
        texts("alpn", site.alpn);
        if (site.kernel_tls) text("kernel_tls", name(*site.kernel_tls));
        client_auth(site.client_auth);
      }
      if (site.scenario != Scenario::Passthrough) redirect_http(site, site.redirect_http);
      if (site.redirect_code != 308) number("redirect_code", site.redirect_code);
      if (!site.preserve_trailing_slash) boolean("preserve_trailing_slash", false);
      if (site.hsts) hsts(*site.hsts);
      if (site.body_size) size("body_size", *site.body_size);
      if (site.respond) return number("respond", *site.respond);
      list("routes", site.routes, [&](const RouteConfig& one) { route(site, one); });
    });
  }

  void redirect_http(const SiteConfig& site, bool redirect) {
    bool https = std::ranges::any_of(
        site.listeners, [this](const std::string& l) { return https_listeners_.contains(l); });
    if (redirect && !https) return text("redirect_http", "forced");
    boolean("redirect_http", redirect);
  }

  void hsts(const HstsConfig& hsts) {
    object("hsts", [&] {
      time("max_age", hsts.max_age);
      boolean("include_subdomains", hsts.include_subdomains);
      boolean("preload", hsts.preload);
    });
  }

  void route(const SiteConfig& site, const RouteConfig& route) {
    object([&] {
      text("path", route.path);
      text("path_type", name(route.path_type));
      text_if_any("service", route.service);
      if (route.redirect) {
        object("redirect", [&] {
          number("code", route.redirect->code);
          text("to", route.redirect->to);
        });
      }
      if (route.respond) number("respond", *route.respond);
      if (route.client_auth) client_auth(*route.client_auth);
      text_if_any("rewrite", route.rewrite);
      text_if_any("host_header", route.host_header);
      fields("request_headers", route.request_headers);
      fields("response_headers", route.response_headers);
      if (!route.allow.empty()) networks("allow", route.allow);
      if (!route.deny.empty()) networks("deny", route.deny);
      if (route.redirect_http) redirect_http(site, *route.redirect_http);
      if (route.limits != RouteLimits{}) route_limits(route.limits);
      if (route.affinity) affinity(*route.affinity);
    });
  }

  void fields(const char* key, const std::vector<FieldConfig>& all) {
    if (all.empty()) return;
    object(key, [&] {
      for (const FieldConfig& field : all) text(field.name.c_str(), field.value);
    });
  }

  void route_limits(const RouteLimits& limits) {
    auto maybe = [this](const char* key, const std::optional<Millis>& most) {
      if (most) time(key, *most);
    };
    object("limits", [&] {
      maybe("connect_timeout", limits.connect_timeout);
      if (limits.connect_attempts) number("connect_attempts", *limits.connect_attempts);
      if (limits.body_size) size("body_size", *limits.body_size);
      maybe("body_timeout", limits.body_timeout);
      maybe("response_timeout", limits.response_timeout);
      maybe("response_idle_timeout", limits.response_idle_timeout);
      maybe("tunnel_idle_timeout", limits.tunnel_idle_timeout);
    });
  }

  void affinity(const AffinityConfig& affinity) {
    object("affinity", [&] {
      text("cookie", affinity.cookie);
      text("path", affinity.path);
      text_if_any("domain", affinity.domain);
      time("max_age", affinity.max_age);
      if (affinity.same_site) text("same_site", name(*affinity.same_site));
      if (affinity.secure) boolean("secure", *affinity.secure);
      boolean("change_on_failure", affinity.change_on_failure);
    });
  }

  void client_auth(const ClientAuth& auth) {
    object("client_auth", [&] {
      text("verify", name(auth.verify));
      if (auth.verify == VerifyClient::Off) return;
      text("secret", auth.secret);
      number("depth", static_cast<uint64_t>(auth.depth));
      text("crl_check", name(auth.crl_check));
      text("on_failure", name(auth.on_failure));
      text_if_any("error_page", auth.error_page);
      if (!auth.match.empty()) client_match(auth.match);
      object("pass", [&] {
        text("as", name(auth.pass.as));
        boolean("certificate", auth.pass.certificate);
      });
    });
  }

  void client_match(const ClientMatch& match) {
    auto any = [this](const char* key, const std::vector<std::string>& items) {
      if (!items.empty()) texts(key, items);
    };
    object("match", [&] {
      any("cn", match.cn);
      any("ou", match.ou);
      any("dns", match.dns);
      any("uri", match.uri);
      any("email", match.email);
      if (!match.ip.empty()) {
        list("ip", match.ip, [this](const Address& ip) { value(ip.ip_text()); });
      }
      any("fingerprint_sha256", match.fingerprint_sha256);
      any("cn_pattern", match.cn_pattern);
      any("subject_pattern", match.subject_pattern);
    });
  }

  void service(const ServiceConfig& service) {
    object([&] {
      text("name", service.name);
      list("endpoints", service.endpoints,
           [this](const EndpointConfig& endpoint) { value(endpoint_text(endpoint)); });
      if (service.tls) backend_tls(*service.tls);
      text("proxy_protocol", name(service.proxy_protocol));
      text("protocol", name(service.protocol));
      if (service.health) health(*service.health);
    });
  }

  void health(const HealthConfig& health) {
    object("health", [&] {
      text("grpc", health.grpc);
      time("interval", health.interval);
      time("timeout", health.timeout);
      number("healthy_threshold", health.healthy_threshold);
      number("unhealthy_threshold", health.unhealthy_threshold);
    });
  }

  void backend_tls(const BackendTls& tls) {
    object("tls", [&] {
      if (tls.sslmode) {
        text("sslmode", name(*tls.sslmode));
      } else {
        text("verify", name(tls.verify));
      }
      text_if_any("secret", tls.secret);
      text_if_any("name", tls.name);
      if (!tls.names.empty()) {
        list("names", tls.names, [this](const BackendName& name) { value(name.text); });
      }
      if (tls.verify != VerifyBackend::None) {
        number("depth", static_cast<uint64_t>(tls.depth));
        text("crl_check", name(tls.crl_check));
      }
      text("min_tls", name(tls.min_tls));
      text("max_tls", name(tls.max_tls));
      offer(tls.offer);
      if (!tls.sslmode) texts("alpn", tls.alpn);
      if (tls.kernel_tls) text("kernel_tls", name(*tls.kernel_tls));
    });
  }

  void ocsp(const OcspConfig& ocsp) {
    if (!ocsp.staple) return;
    object("ocsp", [&] {
      boolean("staple", true);
      text_if_any("responder", ocsp.responder);
    });
  }

  void offer(const TlsOffer& offer) {
    auto names = [this](const char* key, const std::vector<TlsName>& items) {
      if (items.empty()) return;
      list(key, items, [this](const TlsName& item) { value(item.name); });
    };
    names("ciphers", offer.ciphers);
    names("groups", offer.groups);
  }

  void secret(const SecretConfig& secret) {
    object([&] {
      text("name", secret.name);
      text_if_any("directory", secret.directory);
      text_if_any("tls.crt", secret.tls_crt);
      text_if_any("tls.key", secret.tls_key);
      text_if_any("ca.crt", secret.ca_crt);
      text_if_any("ca.crl", secret.ca_crl);
      if (!secret.ticket_keys.empty()) texts("ticket.key", secret.ticket_keys);
      if (secret.ca_overlap) time("ca_overlap", *secret.ca_overlap);
    });
  }

  std::set<std::string> https_listeners_;
  rapidjson::StringBuffer buffer_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> out_;
};

}  // namespace

std::string to_json(const Config& config) { return ConfigWriter().write(config); }

}  // namespace sallyport
