// What the annotations of an Ingress ask for, as values; defaults come from the ConfigMap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/kube/finding.h"
#include "dataplane/model/config.h"

namespace sallyport::kube {

/// The name of another object, in an annotation: "namespace/name".
struct ObjectReference {
  bool given = false;
  ObjectName name;
  bool operator==(const ObjectReference&) const = default;
};

struct ClientAuthNotes {
  ObjectReference secret;
  VerifyClient verify = VerifyClient::Required;
  int depth = 1;
  std::string error_page;
  bool pass_certificate = false;
  std::string match_cn;  // the whole annotation: "CN=…"
};

enum class BackendProtocol : uint8_t { Http, Https, AutoHttp, Grpc, Grpcs, Fcgi, Unknown };

struct BackendTlsNotes {
  ObjectReference secret;
  bool verify = false;
  int depth = 1;
  std::string name;
  bool server_name = false;
  bool two = true, three = true;     // which versions of TLS, 1.2 and 1.3
  std::vector<std::string> ciphers;  // names; empty: the default ones
};

struct AffinityNotes {
  bool cookie = false;
  std::string name = "INGRESSCOOKIE";
  std::string path, domain, same_site;
  std::optional<int64_t> max_age;
  bool secure = false;
  bool change_on_failure = false;
};

struct RedirectNotes {
  std::string to;
  uint16_t code = 0;
};

struct IngressNotes {
  ClientAuthNotes client_auth;
  BackendProtocol protocol = BackendProtocol::Http;
  BackendTlsNotes backend_tls;

  bool ssl_redirect = true;
  bool force_ssl_redirect = false;
  bool preserve_trailing_slash = false;
  bool ssl_passthrough = false;
  std::vector<std::string> ssl_ciphers;  // names; empty: the ConfigMap's

  std::string rewrite_target;
  bool use_regex = false;
  std::string app_root;
  std::optional<uint64_t> body_size;  // 0: no limit
  std::optional<Millis> connect_timeout, read_timeout, send_timeout;
  std::vector<Network> allow, deny;
  std::optional<RedirectNotes> permanent, temporal;
  uint16_t permanent_code = 301, temporal_code = 302;
  std::vector<std::string> aliases;
  std::string vhost;
  ObjectReference custom_headers;  // a ConfigMap
  std::string forwarded_prefix;
  AffinityNotes affinity;

  bool canary = false;
  /// Something that protects this Ingress cannot be provided: it is not served. Says what.
  std::string locked_by;
  /// An annotation that cannot be read: the whole Ingress is left out.
  bool dropped = false;
};

}  // namespace sallyport::kube
