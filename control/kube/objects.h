// The objects of a cluster that the project reads: of each only what it uses. Plain values, once
// parsed (control/kube/parse.h) never changed, and shared by whoever holds them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dataplane/tls/certificate.h"

namespace sallyport::kube {

enum class Kind : uint8_t {
  Ingress,
  IngressClass,
  Secret,
  Service,
  EndpointSlice,
  Namespace,
  ConfigMap,
  Node,
};
constexpr size_t kKinds = 8;

const char* name(Kind);                          // "EndpointSlice"
const char* api_version(Kind);                   // "discovery.k8s.io/v1"
const char* plural(Kind);                        // "endpointslices", as in paths of the API
bool namespaced(Kind);
std::optional<Kind> kind_of(std::string_view);   // of a name

/// What names an object among those of its kind; the namespace of what has none is empty.
struct ObjectName {
  std::string space, name;

  std::string text() const { return space.empty() ? name : space + "/" + name; }
  auto operator<=>(const ObjectName&) const = default;
};

using StringMap = std::map<std::string, std::string, std::less<>>;

/// Where something can be reached from outside: one of the two is empty.
struct PublishedAddress {
  std::string ip, hostname;
  auto operator<=>(const PublishedAddress&) const = default;
};

struct IngressBackend {
  std::string service;   // in the Ingress' namespace
  std::string port_name; // empty: the number says which
  uint16_t port = 0;
  std::string resource;  // "StorageBucket.k8s.example.com/icons": instead of a service
  bool operator==(const IngressBackend&) const = default;
};

enum class IngressPathType : uint8_t { ImplementationSpecific, Exact, Prefix };

struct IngressPath {
  std::string path;  // may be empty: everything
  IngressPathType type = IngressPathType::ImplementationSpecific;
  IngressBackend backend;
  bool operator==(const IngressPath&) const = default;
};

struct IngressRule {
  std::string host;  // empty: every host
  std::vector<IngressPath> paths;
  bool operator==(const IngressRule&) const = default;
};

struct IngressTls {
  std::vector<std::string> hosts;
  std::string secret;  // may be empty
  bool operator==(const IngressTls&) const = default;
};

struct Ingress {
  std::optional<std::string> class_name;
  std::optional<IngressBackend> default_backend;
  std::vector<IngressRule> rules;
  std::vector<IngressTls> tls;
  std::vector<PublishedAddress> published;  // status.loadBalancer.ingress
  bool operator==(const Ingress&) const = default;
};

struct IngressClass {
  std::string controller;
  bool is_default = false;  // by its annotation
  bool operator==(const IngressClass&) const = default;
};

struct Secret {
  std::string type;
  SecretData data;
  bool operator==(const Secret&) const = default;
};

struct ServicePort {
  std::string name;
  uint16_t port = 0;
  std::string protocol = "TCP";
  std::string target_name;    // of a container's port, where a name is given; else
  uint16_t target_port = 0;   // its number; 0: the same as `port`
  std::string app_protocol;
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  std::string type = "ClusterIP";        // or NodePort, LoadBalancer, ExternalName
  std::vector<std::string> cluster_ips;  // "None": headless
  std::string external_name;
  std::vector<std::string> external_ips;
  std::vector<ServicePort> ports;
  std::vector<PublishedAddress> published;  // status.loadBalancer.ingress
  bool operator==(const Service&) const = default;
};

struct Endpoint {
  std::vector<std::string> addresses;
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  bool operator==(const Endpoint&) const = default;
};

struct EndpointPort {
  std::string name;
  std::string protocol = "TCP";
  uint16_t port = 0;  // 0: none was given
  bool operator==(const EndpointPort&) const = default;
};

struct EndpointSlice {
  std::string service;       // by its label; empty: of none
  std::string address_type;  // IPv4, IPv6 or FQDN
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;
  bool operator==(const EndpointSlice&) const = default;
};

struct Namespace {
  bool operator==(const Namespace&) const = default;
};

struct ConfigMap {
  StringMap data;
  bool operator==(const ConfigMap&) const = default;
};

struct NodeAddress {
  std::string type;  // ExternalIP, InternalIP, Hostname, ExternalDNS, InternalDNS
  std::string address;
  bool operator==(const NodeAddress&) const = default;
};

struct Node {
  std::vector<NodeAddress> addresses;
  bool operator==(const Node&) const = default;
};

/// In the order of Kind.
using ObjectBody = std::variant<Ingress, IngressClass, Secret, Service, EndpointSlice, Namespace,
                                ConfigMap, Node>;

struct Object {
  ObjectName name;
  std::string uid;
  std::string resource_version;
  int64_t created = 0;     // seconds since 1970; 0: unknown
  StringMap annotations;   // of an Ingress, without what kubectl keeps there for itself
  StringMap labels;        // of a Namespace
  ObjectBody body;

  Kind kind() const { return static_cast<Kind>(body.index()); }
  /// REQUIRES: the body is one.
  template <class T>
  const T& as() const { return std::get<T>(body); }
  /// Whether nothing differs that anything could depend on: all but the resource version.
  bool same_content(const Object& other) const {
    return name == other.name && uid == other.uid && created == other.created &&
           annotations == other.annotations && labels == other.labels && body == other.body;
  }
};
using ObjectPtr = std::shared_ptr<const Object>;

/// About how many bytes it takes as long as it is kept.
size_t footprint(const Object& object);

/// What has happened to one object. No object: it is gone.
struct ObjectChange {
  Kind kind = Kind::Ingress;
  ObjectName name;
  ObjectPtr object;
};
using ObjectChanges = std::vector<ObjectChange>;

}  // namespace sallyport::kube
