// The whole configuration as plain values: what YAML and Kubernetes objects are both turned into.
// Comparable, no pointers, no behaviour. Names are resolved and contradictions refused before a
// Config exists (model/validate.h); a reader of a Config may rely on what is written here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"

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
enum class VerifyClient : uint8_t { Off, Optional, Required };
enum class VerifyBackend : uint8_t { Full, Ca, None };
enum class TlsVersion : uint8_t { V1_2, V1_3 };

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
std::span<const Word<VerifyClient>> words();
template <>
std::span<const Word<VerifyBackend>> words();
template <>
std::span<const Word<TlsVersion>> words();

const char* name(Protocol);
const char* name(Scenario);
const char* name(UnknownSni);
const char* name(ProxyProtocolIn);
const char* name(ProxyProtocolOut);
const char* name(VerifyClient);
const char* name(VerifyBackend);
const char* name(TlsVersion);  // "1.2", "1.3"

/// Key material under the keys of a Kubernetes Secret, in one of two forms. With a `directory`
/// the four keys are the files tls.crt, tls.key, ca.crt and ca.crl in it, each of which may be
/// missing: whoever loads the secret finds out. Without, each path is a file that must exist, and
/// an empty path means that the secret does not have that key.
struct SecretConfig {
  std::string name;
  std::string directory;                        // not empty: the four paths are empty
  std::string tls_crt, tls_key, ca_crt, ca_crl;
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
  /// say, it is Default where a site "*" can be served, and Refuse elsewhere.
  UnknownSni unknown_sni = UnknownSni::Refuse;
  ProxyProtocolIn proxy_protocol = ProxyProtocolIn::Off;
  /// Who may send PROXY headers. With Optional never empty; with Required, empty means everybody.
  std::vector<Network> trusted_networks;
  std::string service;  // for Tcp: where the bytes go, without tls; otherwise empty
  Place place;
  bool operator==(const ListenerConfig&) const = default;
};

struct ClientAuth {
  VerifyClient verify = VerifyClient::Off;
  std::string secret;  // its ca.crt says whom to trust; empty exactly when verify is Off
  int depth = 1;       // intermediates allowed between the leaf and the CA, as OpenSSL counts
  Place place;
  bool operator==(const ClientAuth&) const = default;
};

struct RouteConfig {
  std::string path = "/";
  std::string service;
  Place place;
  bool operator==(const RouteConfig&) const = default;
};

struct SiteConfig {
  std::vector<std::string> hosts;      // canonical, see model/hostname.h; at least one
  std::vector<std::string> listeners;  // names; never empty: the default is spelled out
  Scenario scenario = Scenario::Offload;
  std::vector<std::string> secrets;    // for offload and reencrypt: at least one; else none
  TlsVersion min_tls = TlsVersion::V1_2;
  std::vector<std::string> alpn;       // what the site offers to clients; empty: none
  ClientAuth client_auth;
  std::vector<RouteConfig> routes;     // at least one; on bytes exactly one, for "/"
  Place place;
  bool operator==(const SiteConfig&) const = default;
};

struct BackendTls {
  VerifyBackend verify = VerifyBackend::Full;
  std::string secret;  // ca.crt, and perhaps the proxy's own certificate; empty: the system's CAs
  /// Checked against the certificate and sent as SNI; empty: the endpoint's host name.
  std::string name;
  TlsVersion min_tls = TlsVersion::V1_2;
  std::vector<std::string> alpn;
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

struct ServiceConfig {
  std::string name;
  std::vector<EndpointConfig> endpoints;
  std::optional<BackendTls> tls;
  ProxyProtocolOut proxy_protocol = ProxyProtocolOut::Off;
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
  bool operator==(const AccessLogConfig&) const = default;
};

struct ResolverConfig {
  std::vector<Address> servers;  // empty: the system's
  Millis timeout{2'000};
  Seconds min_ttl{1};
  Seconds max_ttl{300};
  bool operator==(const ResolverConfig&) const = default;
};

struct Config {
  uint32_t workers = 0;  // 0: one per core
  HttpAddress metrics;
  HttpAddress admin;
  bool watch = true;
  Millis drain_delay{5'000};
  Millis drain_timeout{300'000};
  AccessLogConfig access_log;
  ResolverConfig resolver;
  Limits limits;
  std::vector<ListenerConfig> listeners;  // at least one; names and addresses differ
  std::vector<SiteConfig> sites;
  std::vector<ServiceConfig> services;
  std::vector<SecretConfig> secrets;  // exactly those that something above names
  bool operator==(const Config&) const = default;
};

}  // namespace sallyport
