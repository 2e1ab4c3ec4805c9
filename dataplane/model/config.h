// The whole configuration as plain values: what YAML and Kubernetes objects are both turned into.
// Comparable, no behaviour. Names are resolved and contradictions refused before a Config exists
// (model/validate.h); a reader of a Config may rely on what is written here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/shared_list.h"
#include "dataplane/model/kubernetes_config.h"

namespace sallyport {

/// Where a value was written: a file's line and column, or an object's "namespace/name" (line 0),
/// and the value's own name in there. Two values that differ only in place are equal: a moved
/// line changes nothing.
struct Place {
  std::string source;
  int line = 0;
  int column = 0;
  std::string path = {};  // "sites[2].routes[0].service"

  std::string text() const;  // "edge.yaml:14:7", "shop/web": without the path
  bool operator==(const Place&) const { return true; }
};

/// One thing that is wrong with a configuration.
struct Problem {
  Place place;
  std::string path;     // "sites[2].routes[0].service"; empty: the whole file
  std::string message;  // what is wrong, and what would be right

  std::string text() const;  // "edge.yaml:14:7: sites[2].routes[0].service: …"
};
using Problems = std::vector<Problem>;

enum class Protocol : uint8_t { Http, Https, Tls, Tcp };
enum class Scenario : uint8_t { Offload, Passthrough, Reencrypt };
enum class UnknownSni : uint8_t { Refuse, Default };
enum class ProxyProtocolIn : uint8_t { Off, Optional, Required };
enum class ProxyProtocolOut : uint8_t { Off, V1, V2 };
/// What is spoken to a service where requests are read. Auto: what its TLS handshake chooses.
enum class BackendProtocol : uint8_t { Http1, Http2, Auto };
enum class VerifyClient : uint8_t { Off, Optional, Required, OptionalNoCa };
enum class CrlCheck : uint8_t { Auto, Leaf, Chain };
enum class ClientFields : uint8_t { SslClient, Xfcc, Rfc9440 };
enum class VerifyBackend : uint8_t { Full, Ca, None };
enum class TlsVersion : uint8_t { V1_2, V1_3 };
/// How PostgreSQL says what it thinks of TLS, in the order of its manual.
enum class SslMode : uint8_t { Disable, Allow, Prefer, Require, VerifyCa, VerifyFull };
enum class OnFailure : uint8_t { Respond, Abort };
enum class PathType : uint8_t { Prefix, Exact, Regex };
enum class SameSite : uint8_t { None, Lax, Strict };
enum class EncodedSlashes : uint8_t { Keep, Refuse };
enum class AccessLogFormat : uint8_t { Json, Nginx };
enum class KernelTls : uint8_t { Auto, On, Off };

/// One value of an enumeration and the word that a configuration, a log or a metric has for it.
template <class E>
struct Word {
  const char* text;
  E value;
};
/// All values of an enumeration, in the order in which messages list them.
template <class E>
std::span<const Word<E>> words();
template <>
std::span<const Word<Protocol>> words();
template <>
std::span<const Word<Scenario>> words();
template <>
std::span<const Word<UnknownSni>> words();
template <>
std::span<const Word<ProxyProtocolIn>> words();
template <>
std::span<const Word<ProxyProtocolOut>> words();
template <>
std::span<const Word<BackendProtocol>> words();
template <>
std::span<const Word<VerifyClient>> words();
template <>
std::span<const Word<CrlCheck>> words();
template <>
std::span<const Word<ClientFields>> words();
template <>
std::span<const Word<VerifyBackend>> words();
template <>
std::span<const Word<TlsVersion>> words();
template <>
std::span<const Word<SslMode>> words();
template <>
std::span<const Word<OnFailure>> words();
template <>
std::span<const Word<PathType>> words();
template <>
std::span<const Word<SameSite>> words();
template <>
std::span<const Word<EncodedSlashes>> words();
template <>
std::span<const Word<AccessLogFormat>> words();
template <>
std::span<const Word<KernelTls>> words();
template <>
std::span<const Word<SecretAccess>> words();
template <>
std::span<const Word<Compat>> words();

const char* name(Protocol);
const char* name(Scenario);
const char* name(UnknownSni);
const char* name(ProxyProtocolIn);
const char* name(ProxyProtocolOut);
const char* name(BackendProtocol);
const char* name(VerifyClient);
const char* name(CrlCheck);
const char* name(ClientFields);
const char* name(VerifyBackend);
const char* name(TlsVersion);  // "1.2", "1.3"
const char* name(SslMode);
const char* name(OnFailure);
const char* name(PathType);
const char* name(SameSite);
const char* name(EncodedSlashes);
const char* name(AccessLogFormat);
const char* name(KernelTls);

/// Key material under the keys of a Kubernetes Secret, in one of two forms. With a `directory`
/// the keys are the files tls.crt, tls.key, ca.crt, ca.crl, ticket.key and ticket.key.1 to
/// ticket.key.9 in it, each of which may be missing: whoever loads the secret finds out. Without,
/// each path is a file that must exist, and an empty path means that the secret does not have that
/// key.
struct SecretConfig {
  std::string name;
  std::string directory;                        // not empty: the paths are empty
  std::string tls_crt, tls_key, ca_crt, ca_crl;
  std::vector<std::string> ticket_keys;         // the first is for new tickets
  std::optional<Millis> ca_overlap;             // instead of the one in Settings
  Place place;
  bool operator==(const SecretConfig&) const = default;
};

struct ListenerConfig {
  std::string name;
  /// The port is never 0. `any` is what ":443" means: the IP is then "::", and the listener takes
  /// IPv6 and IPv4. "0.0.0.0:443" and "[::]:443" are one family each, without `any`.
  Address address;
  bool any = false;
  Protocol protocol = Protocol::Https;
  /// Default: a name that no exact host or wildcard matches, and no name at all, get the site "*",
  /// which then exists on this listener. Refuse: they are refused. When the configuration does not
  /// say, it is Default where a site "*" can be served, and Refuse elsewhere. On Http, where names
  /// come from the Host field and no configuration may say it, the same: Default exactly when the
  /// site "*" is on it.
  UnknownSni unknown_sni = UnknownSni::Refuse;
  Place unknown_sni_place;  // where the configuration says it, and nothing else may; or no line
  /// HTTP/2 is spoken as well: on Https by ALPN, on Http to those who begin with its preface. Only
  /// there.
  bool http2 = false;
  ProxyProtocolIn proxy_protocol = ProxyProtocolIn::Off;
  /// Who may send PROXY headers. With Optional never empty; with Required, empty means everybody.
  std::vector<Network> trusted_networks;
  /// On Tls only: clients are PostgreSQL's and ask for TLS in its way. Prefer: some do without, and
  /// get the site "*"; Require: none does; VerifyCa: and every site here demands a certificate, of
  /// clients that VerifyFull has it name.
  std::optional<SslMode> sslmode;
  std::string service;  // for Tcp: where the bytes go, without tls; otherwise empty
  Place place;
  bool operator==(const ListenerConfig&) const = default;
};

/// Which clients are let in, of those with good certificates. Within a list one is enough; each
/// list that is not empty must have one. Names are compared whole, with nothing added before or
/// behind.
struct ClientMatch {
  std::vector<std::string> cn, ou;              // of the subject; exactly as written
  std::vector<std::string> dns;                 // SANs, lower case; "*.rest" covers one label
  std::vector<std::string> uri, email;          // SANs, exactly as written
  std::vector<Address> ip;                      // SANs
  std::vector<std::string> fingerprint_sha256;  // of the certificate; 64 digits, lower case
  /// Regular expressions of RE2, in which case counts: of the whole of a common name, and of any
  /// part of the subject as RFC 2253 writes it ("CN=Alice,O=Example").
  std::vector<std::string> cn_pattern, subject_pattern;
  bool empty() const { return *this == ClientMatch{}; }
  bool operator==(const ClientMatch&) const = default;
};

/// How backends are told who the client is.
struct ClientPass {
  ClientFields as = ClientFields::SslClient;
  bool certificate = false;  // itself, too; with Rfc9440 always
  bool operator==(const ClientPass&) const = default;
};

struct ClientAuth {
  VerifyClient verify = VerifyClient::Off;
  std::string secret;  // its ca.crt says whom to trust; empty exactly when verify is Off
  int depth = 1;       // intermediates allowed between the leaf and the CA, as OpenSSL counts
  /// Whom ca.crl is asked about: the client alone, or its issuers too. These two want a list; Auto
  /// is the whole chain where the secret has one.
  CrlCheck crl_check = CrlCheck::Auto;
  /// What a client without the certificate that `verify` asks for gets: a response, or an alert.
  /// Respond only when no listener of the site is Tls: among bytes there is no response to give.
  OnFailure on_failure = OnFailure::Respond;
  /// An http or https URL that clients with no certificate, or a bad one, are sent to (302) in
  /// place of the status 400. Empty: none. Only with Respond.
  std::string error_page;
  /// With OptionalNoCa only of fingerprints: names mean nothing that nobody known has signed.
  ClientMatch match;
  ClientPass pass;
  Place place;
  bool operator==(const ClientAuth&) const = default;
};

/// An answer in place of a backend's: a redirect to somewhere else.
struct RedirectConfig {
  uint16_t code = 302;  // 301, 302, 303, 307 or 308
  /// An http or https URL, or a path that begins with one '/'. "$host" in it is the host that was
  /// asked for, "$request_uri" path and query as they were sent, "$is_args$args" the query with its
  /// '?'; on a Regex route "$1" to "$9" are what its groups have matched. Without one of these the
  /// query is not kept.
  std::string to;
  bool operator==(const RedirectConfig&) const = default;
};

/// A header field that is set, in place of all of that name; with an empty value they are removed.
struct FieldConfig {
  std::string name;
  std::string value;
  bool operator==(const FieldConfig&) const = default;
};

/// Requests with one cookie go to one endpoint, as long as it is there. The cookie's value is
/// random, and the endpoint is found from it and from the endpoints' addresses alone: so it says
/// nothing of any address, and every proxy with the same endpoints finds the same one.
struct AffinityConfig {
  std::string cookie;                 // its name
  std::string path = "/";             // attributes of the cookie
  std::string domain;                 // empty: none, so that it is for this host only
  Seconds max_age{0};                 // 0: as long as the browser runs
  std::optional<SameSite> same_site;  // none: not said
  std::optional<bool> secure;         // none: where the request came over TLS
  bool change_on_failure = false;     // a new cookie when its endpoint could not be reached
  bool operator==(const AffinityConfig&) const = default;
};

/// Instead of those with the same names in Limits.
struct RouteLimits {
  std::optional<Millis> connect_timeout, response_timeout, response_idle_timeout;
  std::optional<Millis> body_timeout, tunnel_idle_timeout;
  std::optional<uint32_t> connect_attempts;
  std::optional<uint64_t> body_size;  // instead of the site's, too
  bool operator==(const RouteLimits&) const = default;
};

/// A cipher or a group, by its name.
struct TlsName {
  std::string name;
  Place place;
  bool operator==(const TlsName&) const = default;
};

/// What a handshake is about, best first. Names that this machine's OpenSSL does not have are found
/// by tls/offer.h.
struct TlsOffer {
  /// Of TLS 1.2 as OpenSSL calls them, and of TLS 1.3, which begin with "TLS_". A version without
  /// any has the default ones. None is of a version that cannot come to be.
  std::vector<TlsName> ciphers;
  std::vector<TlsName> groups;  // of key exchanges; empty: the default ones
  bool empty() const { return ciphers.empty() && groups.empty(); }
  bool operator==(const TlsOffer&) const = default;
};

struct RouteConfig {
  /// Begins with '/', and is as requests are matched: normalising would change nothing (if it is
  /// on). A Prefix, which covers whole segments, has no '/' at its end, but for "/" itself. A Regex
  /// is in RE2's syntax and matches from the path's beginning, in any case, and need not match to
  /// its end: it is what ingress-nginx makes of a path with use-regex. An Exact path comes first,
  /// then Regex routes, the longest pattern first, then the longest Prefix.
  std::string path = "/";
  PathType path_type = PathType::Prefix;
  std::string service;  // empty exactly when one of the next two is there
  std::optional<RedirectConfig> redirect;
  /// The status that every request is answered with, and our page for it: one of
  /// is_page_status().
  std::optional<uint16_t> respond;
  /// Instead of the site's. Its on_failure is Respond: after the handshake there is nothing else.
  std::optional<ClientAuth> client_auth;
  /// The path that backends are asked for, all of it; empty: the one that came. Begins with '/', or
  /// with a "$1" of a Regex route, whose groups are "$1" to "$9". A query in it is put in front of
  /// the request's own, which is kept.
  std::string rewrite;
  std::string host_header;  // "name" or "name:port" that backends are asked for; empty: as it came
  std::vector<FieldConfig> request_headers;   // to the backend
  std::vector<FieldConfig> response_headers;  // of its responses, to the client
  /// Others are answered 403: who is in `deny`, or not in an `allow` that is not empty. It is the
  /// client as X-Real-IP tells it to backends.
  std::vector<Network> allow, deny;
  std::optional<bool> redirect_http;  // instead of the site's
  RouteLimits limits;
  std::optional<AffinityConfig> affinity;
  Place place;
  bool operator==(const RouteConfig&) const = default;
};

/// Strict-Transport-Security (RFC 6797), in every response over TLS.
struct HstsConfig {
  Seconds max_age{31'536'000};
  bool include_subdomains = false;
  bool preload = false;
  bool operator==(const HstsConfig&) const = default;
};

/// Whether handshakes show what the certificate's OCSP responder says of it.
struct OcspConfig {
  bool staple = false;
  std::string responder;  // a URL; empty: the one that the certificate names
  bool operator==(const OcspConfig&) const = default;
};

struct SiteConfig {
  std::vector<std::string> hosts;      // canonical, see model/hostname.h; at least one
  std::vector<std::string> listeners;  // names; never empty: the default is spelled out
  Scenario scenario = Scenario::Offload;
  /// For offload and reencrypt on a listener with TLS: at least one. None for passthrough, and for
  /// a site that is on Http listeners only.
  std::vector<std::string> secrets;
  /// The certificates need not cover the hosts: they are a default for whatever has none.
  bool any_certificate = false;
  TlsVersion min_tls = TlsVersion::V1_2;
  TlsOffer offer;
  OcspConfig ocsp;
  /// What the site offers to clients; empty: none, but for what Https listeners offer by
  /// themselves. On an Https listener at most "h2" and "http/1.1"; h2 counts where http2 is on.
  std::vector<std::string> alpn;
  std::optional<KernelTls> kernel_tls;  // instead of the one of all sites
  ClientAuth client_auth;
  /// Http listeners answer with a redirect to https, unless a client in http.trusted_networks says
  /// by X-Forwarded-Proto that TLS has ended there. Only for a site that is on an Http listener;
  /// the default for one that is on an Https listener, too. Without that it leads to port 443.
  bool redirect_http = false;
  uint16_t redirect_code = 308;        // 301, 302, 303, 307 or 308
  /// Of redirects to https: whether a '/' at the path's end stays. (nginx' ingress takes it off.)
  bool preserve_trailing_slash = true;
  std::optional<HstsConfig> hsts;      // only where there is an Https listener
  std::optional<uint64_t> body_size;   // instead of the one in Limits; 0: no limit
  /// The status that every request is answered with, in place of routes, with TLS and without: one
  /// of is_page_status(). On Tls listeners the handshake is refused with an alert. Not for
  /// passthrough.
  std::optional<uint16_t> respond;
  /// At least one, but none with `respond`; no path twice with one type. With passthrough, or on a
  /// Tls listener, exactly one: the Prefix "/", to a service and with nothing else.
  std::vector<RouteConfig> routes;
  Place place;
  bool operator==(const SiteConfig&) const = default;
};

/// Whom a backend's certificate may be for: a name that one of its SANs must cover.
struct BackendName {
  enum class Kind : uint8_t { Dns, Ip, Uri };
  Kind kind = Kind::Dns;
  std::string text;  // a DNS name in lower case, an IP address, or a URI exactly as written
  bool operator==(const BackendName&) const = default;
};

struct BackendTls {
  VerifyBackend verify = VerifyBackend::Full;
  /// Backends are PostgreSQL's and asked for TLS in its way; those that have none get the bytes in
  /// the clear with Prefer, and nothing otherwise. `verify` is what it says. Only for sites on Tls
  /// listeners.
  std::optional<SslMode> sslmode;
  std::string secret;  // ca.crt, and perhaps the proxy's own certificate; empty: the system's CAs
  /// Checked against the certificate and sent as SNI; empty: the endpoint's host name.
  std::string name;
  /// With verify Full only: the certificate has to be for one of these instead, and what `name`
  /// says is SNI only.
  std::vector<BackendName> names;
  int depth = 4;  // intermediates allowed between the leaf and the CA, as OpenSSL counts
  /// Whom the secret's ca.crl is asked about. Leaf and Chain want a list; Auto is the whole chain
  /// where the secret has one.
  CrlCheck crl_check = CrlCheck::Auto;
  TlsVersion min_tls = TlsVersion::V1_2;
  TlsVersion max_tls = TlsVersion::V1_3;
  TlsOffer offer;
  std::vector<std::string> alpn;
  std::optional<KernelTls> kernel_tls;  // instead of the one of all
  Place place;
  bool operator==(const BackendTls&) const = default;
};

struct EndpointConfig {
  /// An IP literal without brackets, or a name to resolve, in lower case. A name may end in a dot,
  /// which tells the resolver that it is complete; as a TLS name it goes without.
  std::string host;
  uint16_t port = 0;
  Place place;
  bool operator==(const EndpointConfig&) const = default;
};

/// How endpoints are asked whether they serve, again and again.
struct HealthConfig {
  /// Of grpc.health.v1.Health/Check: the service asked about; empty: the server as a whole.
  std::string grpc;
  Millis interval{10'000};            // between the beginnings of two checks; up to a quarter less
  Millis timeout{3'000};              // of one, connecting included; at most `interval`
  uint32_t healthy_threshold = 2;     // this many that succeed, one after the other, and
  uint32_t unhealthy_threshold = 3;   // this many that fail, change what is thought of an endpoint
  bool operator==(const HealthConfig&) const = default;
};

struct ServiceConfig {
  std::string name;
  std::vector<EndpointConfig> endpoints;
  std::optional<BackendTls> tls;
  ProxyProtocolOut proxy_protocol = ProxyProtocolOut::Off;
  /// Auto only with tls, and but for Http1 no proxy_protocol; tls->alpn is what it offers.
  BackendProtocol protocol = BackendProtocol::Http1;
  std::optional<HealthConfig> health;  // none with Http1: the question is one of HTTP/2
  Place place;
  bool operator==(const ServiceConfig&) const = default;
};

/// Every resource has a limit and every phase a deadline. A session keeps the ones it began with.
struct Limits {
  uint32_t connections = 100'000;            // of clients, over all workers
  uint32_t connections_per_client = 20'000;  // per client IP, over all workers
  uint32_t hello_size = 64 * 1024;           // bytes of records up to the end of the ClientHello
  Millis hello_timeout{10'000};              // accept to the end of PROXY header and ClientHello
  Millis handshake_timeout{15'000};          // each TLS handshake, client's and backend's
  Millis connect_timeout{5'000};             // each attempt to connect to an endpoint
  uint32_t connect_attempts = 3;             // endpoints tried for one connection
  Millis idle_timeout{600'000};              // no byte in either direction
  Millis half_closed_timeout{60'000};        // no byte after one direction has ended
  uint64_t pipe_memory = 64 * 1024 * 1024;   // kernel pipes of all workers, for splicing; 0: never
  uint32_t turn_bytes = 512 * 1024;          // moved by one session before others get their turn

  // Of HTTP, where a session has one exchange after the other.
  uint32_t header_size = 32 * 1024;            // bytes of a request's head, or a response's
  uint32_t header_count = 100;                 // fields of a head
  Millis header_timeout{15'000};               // first byte to the end of a request's head
  uint64_t body_size = 0;                      // bytes of a request's body; 0: no limit
  Millis body_timeout{60'000};                 // between reads of a request's body
  Millis keep_alive_timeout{75'000};           // no request on a client's connection
  Millis response_timeout{60'000};             // end of the request to the response's first byte
  Millis response_idle_timeout{60'000};        // between reads of a response's body
  Millis request_timeout{24 * 3'600'000};      // a whole exchange
  Millis tunnel_idle_timeout{3'600'000};       // no byte either way after an upgrade
  uint32_t backend_idle_connections = 256;     // kept for reuse, per worker and identity; 0: none
  Millis backend_idle_timeout{60'000};         // how long each of them is kept
  uint32_t http2_streams = 128;                // open at a time on a client's HTTP/2 connection
  uint32_t http2_resets = 200;                 // on one connection beyond those answered, a minute
  uint32_t http2_control_frames = 2'000;       // on one connection beyond its work, a minute
  bool operator==(const Limits&) const = default;
};

struct HttpAddress {
  Address address;         // not valid(): a unix socket, or switched off if that is empty too
  bool any = false;
  std::string unix_path;
  Place place;
  bool enabled() const { return address.valid() || !unix_path.empty(); }
  bool operator==(const HttpAddress&) const = default;
};

struct AccessLogConfig {
  std::string path = "stdout";  // "stdout", "off", or a file that is appended to
  AccessLogFormat format = AccessLogFormat::Json;
  bool operator==(const AccessLogConfig&) const = default;
};

/// How requests are read, and what is told to backends about them.
struct HttpConfig {
  bool normalize_paths = true;  // before they are matched against routes, and sent on as matched
  EncodedSlashes encoded_slashes = EncodedSlashes::Keep;  // Refuse only with normalize_paths
  bool keep_underscores = false;  // fields of requests whose names have '_'; else dropped
  /// Whose X-Forwarded-*, X-Real-IP, X-Request-ID and Forwarded are believed and added to. Of
  /// everybody else they are replaced.
  std::vector<Network> trusted_networks;
  bool forwarded = false;  // write Forwarded (RFC 7239) as well
  bool operator==(const HttpConfig&) const = default;
};

struct ResolverConfig {
  std::vector<Address> servers;  // empty: the system's
  Millis timeout{2'000};
  Seconds min_ttl{1};
  Seconds max_ttl{300};
  bool operator==(const ResolverConfig&) const = default;
};

/// Where the keys of TLS session tickets come from.
struct TicketKeysConfig {
  std::string secret;  // empty: made by the process, for itself
  Place place;
  bool operator==(const TicketKeysConfig&) const = default;
};

/// Whether a route or site may answer everything with it: 400, 403, 404, 410, 429, 451, 500, 502,
/// 503 or 504. Others say something that the answer would have to explain in a field.
bool is_page_status(uint64_t status);
/// 301, 302, 303, 307 or 308.
bool is_redirect_status(uint64_t status);

/// What concerns the process and its listeners. Sites depend on it: where it changes, all of them
/// are made anew.
struct Settings {
  uint32_t workers = 0;  // 0: one per core
  HttpAddress metrics;
  HttpAddress admin;
  bool watch = true;
  Millis drain_delay{5'000};
  Millis drain_timeout{300'000};
  AccessLogConfig access_log;
  HttpConfig http;
  ResolverConfig resolver;
  TicketKeysConfig ticket_keys;
  /// How long authorities stay trusted beside those that took their place.
  Millis ca_overlap{0};
  /// Whether the kernel encrypts what is sent, to clients and to backends, and decrypts what is
  /// received, where it can. Auto: encrypts where that pays, which is where bytes come from a plain
  /// socket and can be spliced.
  KernelTls kernel_tls = KernelTls::Auto;
  Limits limits;
  std::optional<KubernetesConfig> kubernetes;
  std::vector<ListenerConfig> listeners;  // at least one; names and addresses differ
  bool operator==(const Settings&) const = default;
};

/// Two configurations of which one was made from the other share the sites, services and secrets
/// that are the same in both: whoever looks for changes compares addresses first.
struct Config : Settings {
  SharedList<SiteConfig> sites;        // no host twice on one listener
  SharedList<ServiceConfig> services;  // by names that differ
  SharedList<SecretConfig> secrets;    // of files: exactly those that something names, once
  const Settings& settings() const { return *this; }
  bool operator==(const Config&) const = default;
};

}  // namespace sallyport
