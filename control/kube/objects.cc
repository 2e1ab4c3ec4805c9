#include "control/kube/objects.h"

#include <array>

namespace sallyport::kube {

namespace {

struct KindRow {
  const char* name;
  const char* api_version;
  const char* plural;
  bool namespaced;
};

constexpr std::array<KindRow, kKinds> kRows{{
    {"Ingress", "networking.k8s.io/v1", "ingresses", true},
    {"IngressClass", "networking.k8s.io/v1", "ingressclasses", false},
    {"Secret", "v1", "secrets", true},
    {"Service", "v1", "services", true},
    {"EndpointSlice", "discovery.k8s.io/v1", "endpointslices", true},
    {"Namespace", "v1", "namespaces", false},
    {"ConfigMap", "v1", "configmaps", true},
    {"Node", "v1", "nodes", false},
}};

const KindRow& row(Kind kind) { return kRows[static_cast<size_t>(kind)]; }

}  // namespace

const char* name(Kind kind) { return row(kind).name; }
const char* api_version(Kind kind) { return row(kind).api_version; }
const char* plural(Kind kind) { return row(kind).plural; }
bool namespaced(Kind kind) { return row(kind).namespaced; }

std::optional<Kind> kind_of(std::string_view text) {
  for (size_t i = 0; i < kKinds; ++i) {
    if (text == kRows[i].name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

namespace {

// What a string takes beside its characters, and an entry of a map beside both.
constexpr size_t kString = sizeof(std::string), kEntry = 64;

size_t bytes(const std::string& text) { return kString + text.size(); }
size_t bytes(const StringMap& map) {
  size_t sum = 0;
  for (const auto& [key, value] : map) sum += kEntry + bytes(key) + bytes(value);
  return sum;
}
size_t bytes(const PublishedAddress& a) { return bytes(a.ip) + bytes(a.hostname); }
size_t bytes(const NodeAddress& a) { return bytes(a.type) + bytes(a.address); }
size_t bytes(const EndpointPort& p) { return sizeof p + p.name.size() + p.protocol.size(); }
size_t bytes(const ServicePort& p) {
  return sizeof p + p.name.size() + p.protocol.size() + p.target_name.size() +
         p.app_protocol.size();
}
size_t bytes(const IngressBackend& b) {
  return sizeof b + b.service.size() + b.port_name.size() + b.resource.size();
}
size_t bytes(const IngressPath& p) { return sizeof p + p.path.size() + bytes(p.backend); }

size_t bytes(const IngressRule& r);
size_t bytes(const IngressTls& t);
size_t bytes(const Endpoint& e);

template <class Item>
size_t bytes(const std::vector<Item>& list) {
  size_t sum = 0;
  for (const Item& item : list) sum += bytes(item);
  return sum;
}
size_t bytes(const IngressRule& r) { return sizeof r + r.host.size() + bytes(r.paths); }
size_t bytes(const IngressTls& t) { return sizeof t + t.secret.size() + bytes(t.hosts); }
size_t bytes(const Endpoint& e) { return sizeof e + bytes(e.addresses); }

struct BytesOfBody {
  size_t operator()(const Ingress& i) const {
    return bytes(i.rules) + bytes(i.tls) + bytes(i.published);
  }
  size_t operator()(const IngressClass& c) const { return bytes(c.controller); }
  size_t operator()(const Secret& s) const {
    const SecretData& d = s.data;
    return bytes(s.type) + d.tls_crt.size() + d.tls_key.size() + d.ca_crt.size() +
           d.ca_crl.size() + bytes(d.ticket_keys);
  }
  size_t operator()(const Service& s) const {
    return bytes(s.type) + bytes(s.cluster_ips) + bytes(s.external_name) +
           bytes(s.external_ips) + bytes(s.ports) + bytes(s.published);
  }
  size_t operator()(const EndpointSlice& s) const {
    return bytes(s.service) + bytes(s.address_type) + bytes(s.endpoints) + bytes(s.ports);
  }
  size_t operator()(const Namespace&) const { return 0; }
  size_t operator()(const ConfigMap& m) const { return bytes(m.data); }
  size_t operator()(const Node& n) const { return bytes(n.addresses); }
};

}  // namespace

size_t footprint(const Object& object) {
  return sizeof object + kEntry + object.name.space.size() + object.name.name.size() +
         object.uid.size() + object.resource_version.size() + bytes(object.annotations) +
         bytes(object.labels) + std::visit(BytesOfBody(), object.body);
}

}  // namespace sallyport::kube
