// A configuration as somebody wrote it: typed, but not yet believed. Each value knows where it
// stands, so that whatever is found wrong with it can be said with its place. Sources (a YAML
// file, objects of a cluster) make Drafts; model/validate.h turns one into a Config.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/config.h"

namespace sallyport {

/// A value that may have been left out, or that was written but is wrong.
template <class T>
struct Written {
  std::optional<T> value;  // none: left out, or wrong and its Problem already reported
  bool given = false;
  Place place;             // of the value; when it was left out, of what should hold it

  bool wrong() const { return given && !value; }
  /// Only for a value that is there.
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
  explicit operator bool() const { return value.has_value(); }
  T or_else(T otherwise) const { return value.value_or(std::move(otherwise)); }
};

template <class T>
using WrittenList = Written<std::vector<Written<T>>>;

/// Where traffic goes: the name of a service, or the endpoints themselves.
struct DraftTarget {
  std::string service;  // empty: the endpoints are written in place
  std::vector<Written<std::string>> endpoints;
};

struct DraftSecret {
  Place place;
  Written<std::string> name, directory;
  Written<std::string> tls_crt, tls_key, ca_crt, ca_crl;
  WrittenList<std::string> ticket_keys;
  Written<Millis> ca_overlap;  // left out: that of the whole
};

struct DraftListener {
  Place place;
  Written<std::string> name;     // left out: the address as it is written
  Written<std::string> address;  // "10.0.0.1:443", "[::1]:443", ":443"
  Written<Protocol> protocol;
  Written<UnknownSni> unknown_sni;
  Written<bool> http2;           // left out: on https listeners
  Written<ProxyProtocolIn> proxy_protocol;
  WrittenList<std::string> trusted_networks;
  Written<SslMode> sslmode;
  Written<DraftTarget> service;
};

struct DraftClientMatch {
  WrittenList<std::string> cn, ou, dns, uri, email, ip, fingerprint_sha256;
  WrittenList<std::string> cn_pattern, subject_pattern;
};

struct DraftClientPass {
  Written<ClientFields> as;      // left out: ssl-client
  Written<bool> certificate;     // left out: false
};

struct DraftClientAuth {
  Written<VerifyClient> verify;  // left out: required
  Written<std::string> secret;
  Written<uint64_t> depth;
  Written<CrlCheck> crl_check;    // left out: auto
  Written<OnFailure> on_failure;  // left out: respond where that is possible
  Written<std::string> error_page;
  Written<DraftClientMatch> match;
  Written<DraftClientPass> pass;
};

struct DraftRedirect {
  Written<uint64_t> code;  // left out: 302
  Written<std::string> to;
};

/// `name` was given, as it is a key.
struct DraftField {
  Written<std::string> name, value;
};
using DraftFields = Written<std::vector<DraftField>>;

struct DraftAffinity {
  Written<std::string> cookie, path, domain;
  Written<Millis> max_age;
  Written<SameSite> same_site;
  Written<bool> secure, change_on_failure;
};

/// The fields of RouteLimits, under the same names.
struct DraftRouteLimits {
  Written<Millis> connect_timeout, response_timeout, response_idle_timeout;
  Written<Millis> body_timeout, tunnel_idle_timeout;
  Written<uint64_t> connect_attempts, body_size;
};

/// Forced: also where the site has no https listener, for TLS may end in front of the proxy.
enum class RedirectHttp : uint8_t { Off, On, Forced };
template <>
std::span<const Word<RedirectHttp>> words();

struct DraftRoute {
  Place place;
  Written<std::string> path;
  Written<PathType> path_type;
  Written<DraftTarget> service;          // or one of the next two
  Written<DraftRedirect> redirect;
  Written<uint64_t> respond;
  Written<DraftClientAuth> client_auth;  // left out: the site's
  Written<std::string> rewrite, host_header;
  DraftFields request_headers, response_headers;
  WrittenList<std::string> allow, deny;
  Written<RedirectHttp> redirect_http;   // left out: the site's
  Written<DraftRouteLimits> limits;
  Written<DraftAffinity> affinity;
};

struct DraftHsts {
  Written<Millis> max_age;
  Written<bool> include_subdomains, preload;
};

struct DraftOcsp {
  Written<bool> staple;          // left out: true
  Written<std::string> responder;
};

struct DraftSite {
  Place place;
  WrittenList<std::string> hosts;
  WrittenList<std::string> listeners;  // left out: every one that fits
  Written<Scenario> scenario;
  WrittenList<std::string> secrets;    // left out: the one named after the first host
  Written<bool> any_certificate;       // left out: false
  Written<TlsVersion> min_tls;
  WrittenList<std::string> ciphers, groups;
  Written<DraftOcsp> ocsp;
  WrittenList<std::string> alpn;
  Written<KernelTls> kernel_tls;       // left out: as the draft says
  Written<DraftClientAuth> client_auth;
  Written<RedirectHttp> redirect_http;  // left out: where there is HTTP as well as HTTPS
  Written<uint64_t> redirect_code;
  Written<bool> preserve_trailing_slash;
  Written<DraftHsts> hsts;
  Written<uint64_t> body_size;
  Written<uint64_t> respond;           // in place of service and routes
  Written<DraftTarget> service;        // the same as one route for "/"
  Written<std::vector<DraftRoute>> routes;
};

struct DraftBackendTls {
  Written<VerifyBackend> verify;
  Written<SslMode> sslmode;
  Written<std::string> secret, name;
  WrittenList<std::string> names;
  Written<uint64_t> depth;
  Written<CrlCheck> crl_check;    // left out: auto
  Written<TlsVersion> min_tls, max_tls;
  WrittenList<std::string> ciphers, groups;
  WrittenList<std::string> alpn;
  Written<KernelTls> kernel_tls;  // left out: as the draft says
};

struct DraftHealth {
  Place place;
  Written<std::string> grpc;
  Written<Millis> interval, timeout;
  Written<uint64_t> healthy_threshold, unhealthy_threshold;
};

struct DraftService {
  Place place;
  Written<std::string> name;
  WrittenList<std::string> endpoints;
  Written<DraftBackendTls> tls;
  Written<ProxyProtocolOut> proxy_protocol;
  Written<BackendProtocol> protocol;  // left out: http1
  Written<DraftHealth> health;
};

/// The fields of Limits, under the same names.
struct DraftLimits {
  Written<uint64_t> connections, connections_per_client, hello_size, connect_attempts;
  Written<uint64_t> pipe_memory, turn_bytes;
  Written<Millis> hello_timeout, handshake_timeout, connect_timeout;
  Written<Millis> idle_timeout, half_closed_timeout;
  Written<uint64_t> header_size, header_count, body_size, backend_idle_connections;
  Written<Millis> header_timeout, body_timeout, keep_alive_timeout;
  Written<Millis> response_timeout, response_idle_timeout, request_timeout;
  Written<Millis> tunnel_idle_timeout, backend_idle_timeout;
  Written<uint64_t> http2_streams, http2_resets, http2_control_frames;
};

enum class UnderscoreNames : uint8_t { Drop, Keep };
template <>
std::span<const Word<UnderscoreNames>> words();

struct DraftHttp {
  Written<bool> normalize_paths;
  Written<EncodedSlashes> encoded_slashes;
  Written<UnderscoreNames> underscores_in_headers;
  WrittenList<std::string> trusted_networks;
  Written<bool> forwarded;
};

struct DraftResolver {
  WrittenList<std::string> servers;
  Written<Millis> timeout, min_ttl, max_ttl;
};

struct DraftPublishedStatus {
  Written<std::string> service;         // "namespace/name"
  WrittenList<std::string> addresses;
  Written<bool> nodes;
};

struct DraftLeaderElection {
  Written<bool> enabled;
  Written<std::string> lease, space;
  Written<Millis> duration;
};

/// The fields of KubernetesConfig; references are "namespace/name".
struct DraftKubernetes {
  Written<std::string> kubeconfig, context, manifests, controller;
  WrittenList<std::string> namespaces, ingress_classes;
  Written<bool> ssl_passthrough, require_backend_verification, cache_secrets, events;
  Written<Compat> compat;
  Written<SecretAccess> secrets;
  Written<std::string> default_certificate, config_map, ticket_secret, cache;
  Written<Millis> watch_timeout;
  Written<uint64_t> objects_size;
  Written<DraftPublishedStatus> status;
  Written<DraftLeaderElection> leader_election;
};

struct Draft {
  Place place;  // of the whole
  Written<std::string> secrets_directory;
  Written<uint64_t> workers;            // left out: one per core
  Written<std::string> metrics, admin;  // an address, "unix:PATH", or "off"
  Written<bool> watch;
  Written<KernelTls> kernel_tls;
  Written<Millis> drain_delay, drain_timeout;
  Written<std::string> access_log;
  Written<AccessLogFormat> access_log_format;
  DraftHttp http;
  DraftResolver resolver;
  Written<std::string> ticket_keys;     // a secret; left out: made by the process
  Written<Millis> ca_overlap;           // left out: none
  DraftLimits limits;
  Written<DraftKubernetes> kubernetes;
  Written<std::vector<DraftListener>> listeners;
  std::vector<DraftSite> sites;
  std::vector<DraftService> services;
  std::vector<DraftSecret> secrets;
  /// Secrets need not be declared: somebody else knows what there is.
  bool secrets_elsewhere = false;
  /// Of the folder in which relative paths begin; empty: they stay as they are.
  std::string folder;
};

}  // namespace sallyport
