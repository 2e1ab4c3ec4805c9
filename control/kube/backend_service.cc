#include "control/kube/backend_service.h"

#include <algorithm>

#include "control/kube/annotation_reader.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

const ServicePort* port_of(const Service& service, const std::string& text) {
  for (const ServicePort& port : service.ports) {
    if (port.protocol != "TCP") continue;
    if (port.name == text || std::to_string(port.port) == text) return &port;
  }
  return nullptr;
}

// What ExternalName Services are called by, and where.
std::vector<EndpointConfig> external(const Service& service, const std::string& port_text) {
  if (!may_be_external(service.external_name)) return {};
  const ServicePort* port = port_of(service, port_text);
  int64_t number = port ? (port->target_port ? port->target_port : port->port)
                        : parse_integer(port_text).value_or(0);
  if (number < 1 || number > 65535) return {};
  EndpointConfig endpoint;
  endpoint.host = normal_host(service.external_name);
  endpoint.port = static_cast<uint16_t>(number);
  return {endpoint};
}

class Gathering {
 public:
  explicit Gathering(const ServicePort& port) : port_(port) {}

  void add(const EndpointSlice& slice) {
    for (const EndpointPort& port : slice.ports) {
      if (port.protocol != "TCP" || port.name != port_.name || port.port == 0) continue;
      for (const Endpoint& endpoint : slice.endpoints) {
        std::vector<EndpointConfig>& list = endpoint.ready ? ready_ : last_;
        if (!endpoint.ready && !(endpoint.serving && endpoint.terminating)) continue;
        for (const std::string& address : endpoint.addresses) add(list, address, port.port);
      }
    }
  }

  std::vector<EndpointConfig> result() {
    std::vector<EndpointConfig>& list = ready_.empty() ? last_ : ready_;
    auto before = [](const EndpointConfig& a, const EndpointConfig& b) {
      return std::tie(a.host, a.port) < std::tie(b.host, b.port);
    };
    std::sort(list.begin(), list.end(), before);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return std::move(list);
  }

 private:
  // One address is written in several ways, and slices repeat each other while they are rewritten.
  static void add(std::vector<EndpointConfig>& list, const std::string& address, uint16_t port) {
    EndpointConfig endpoint;
    auto literal = Address::parse_ip(address);
    endpoint.host = literal ? literal->ip_text() : normal_host(address);
    endpoint.port = port;
    list.push_back(std::move(endpoint));
  }

  const ServicePort& port_;
  std::vector<EndpointConfig> ready_;
  std::vector<EndpointConfig> last_;  // for when nothing is ready
};

}  // namespace

std::string ServiceKey::text() const {
  std::string text = service.text() + ":" + port;
  return variant.empty() ? text : text + "," + variant;
}

const ServicePort* find_port(const Service& service, const IngressBackend& backend) {
  for (const ServicePort& port : service.ports) {
    if (port.protocol != "TCP") continue;
    if (backend.port_name.empty() ? port.port == backend.port : port.name == backend.port_name) {
      return &port;
    }
  }
  return nullptr;
}

bool may_be_external(const std::string& name) {
  std::string host = normal_host(name);
  if (host == "localhost" || host.ends_with(".localhost")) return false;
  if (auto literal = Address::parse_ip(host)) {
    if (literal->is_v4()) return literal->ip_bytes()[0] != 127 && literal->ip_bytes()[0] != 0;
    std::string text = literal->ip_text();
    return text != "::1" && text != "::";
  }
  return parse_dns_name(host).ok();
}

std::shared_ptr<const ServiceConfig> make_service(const ServiceKey& key,
                                                  const ObjectStore& store) {
  auto config = std::make_shared<ServiceConfig>();
  config->name = key.text();
  config->tls = key.tls;
  if (key.http2) config->protocol = sallyport::BackendProtocol::Http2;
  config->place.source = key.service.text();
  const Object* object = store.find(Kind::Service, key.service);
  if (!object) return config;
  const auto& service = object->as<Service>();
  if (service.type == "ExternalName") {
    config->endpoints = external(service, key.port);
    return config;
  }
  const ServicePort* port = port_of(service, key.port);
  if (!port) return config;
  Gathering gathering(*port);
  for (const Object* slice : store.slices(key.service)) gathering.add(slice->as<EndpointSlice>());
  config->endpoints = gathering.result();
  return config;
}

}  // namespace sallyport::kube
