#include "control/kube/object_text.h"

#include "control/kube/base64.h"
#include "dataplane/base/json_object.h"
#include "dataplane/base/timestamp.h"

namespace sallyport::kube {

namespace {

/// JSON onto the end of a text: members of an object, with commas where they belong.
class Out {
 public:
  explicit Out(std::string& text) : text_(text) {}

  void key(const char* name) {
    comma();
    append_json_string(text_, name);
    text_ += ':';
    fresh_ = true;
  }
  void value(std::string_view text) {
    comma();
    append_json_string(text_, text);
  }
  void text(const char* name, std::string_view value_text) {
    if (value_text.empty()) return;
    key(name);
    value(value_text);
  }
  void number(const char* name, uint64_t number) {
    if (number == 0) return;
    key(name);
    text_ += std::to_string(number);
    fresh_ = false;
  }
  void boolean(const char* name, bool value) {
    key(name);
    text_ += value ? "true" : "false";
    fresh_ = false;
  }
  template <class Body>
  void object(const char* name, Body body) {
    key(name);
    group('{', '}', body);
  }
  template <class Body>
  void item(Body body) {
    comma();
    group('{', '}', body);
  }
  template <class Items, class Each>
  void list(const char* name, const Items& items, Each each) {
    if (items.empty()) return;
    key(name);
    group('[', ']', [&] {
      for (const auto& one : items) each(one);
    });
  }
  void texts(const char* name, const std::vector<std::string>& items) {
    list(name, items, [this](const std::string& one) { value(one); });
  }
  void map(const char* name, const StringMap& entries) {
    if (entries.empty()) return;
    object(name, [&] {
      for (const auto& [entry, entry_value] : entries) {
        key(entry.c_str());
        value(entry_value);
      }
    });
  }

 private:
  void comma() {
    if (!fresh_) text_ += ',';
    fresh_ = false;
  }
  template <class Body>
  void group(char open, char close, Body body) {
    text_ += open;
    fresh_ = true;
    body();
    text_ += close;
    fresh_ = false;
  }

  std::string& text_;
  bool fresh_ = true;
};

const char* type_text(IngressPathType type) {
  switch (type) {
    case IngressPathType::Exact: return "Exact";
    case IngressPathType::Prefix: return "Prefix";
    case IngressPathType::ImplementationSpecific: break;
  }
  return "ImplementationSpecific";
}

class Writer {
 public:
  Writer(std::string& text, bool keys) : out_(text), keys_(keys) {}

  void write(const Object& object) {
    out_.item([&] {
      out_.text("kind", name(object.kind()));
      metadata(object);
      std::visit([this](const auto& body) { this->body(body); }, object.body);
    });
  }

 private:
  void metadata(const Object& object) {
    out_.object("metadata", [&] {
      out_.text("namespace", object.name.space);
      out_.text("name", object.name.name);
      out_.text("uid", object.uid);
      out_.text("resourceVersion", object.resource_version);
      if (object.created) {
        char time[kTimestampSize];
        write_timestamp(WallTime(Seconds(object.created)), time);
        out_.text("creationTimestamp", std::string(time, 19) + "Z");
      }
      StringMap annotations = object.annotations;
      if (object.kind() == Kind::IngressClass && object.as<IngressClass>().is_default) {
        annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
      }
      StringMap labels = object.labels;
      if (object.kind() == Kind::EndpointSlice && !object.as<EndpointSlice>().service.empty()) {
        labels["kubernetes.io/service-name"] = object.as<EndpointSlice>().service;
      }
      out_.map("annotations", annotations);
      out_.map("labels", labels);
    });
  }

  void body(const Ingress& ingress) {
    out_.object("spec", [&] {
      if (ingress.class_name) {
        out_.key("ingressClassName");
        out_.value(*ingress.class_name);
      }
      if (ingress.default_backend) backend("defaultBackend", *ingress.default_backend);
      out_.list("rules", ingress.rules, [&](const IngressRule& one) { rule(one); });
      out_.list("tls", ingress.tls, [&](const IngressTls& tls) {
        out_.item([&] {
          out_.texts("hosts", tls.hosts);
          out_.text("secretName", tls.secret);
        });
      });
    });
    published(ingress.published);
  }

  void rule(const IngressRule& rule) {
    out_.item([&] {
      out_.text("host", rule.host);
      out_.object("http", [&] {
        out_.list("paths", rule.paths, [&](const IngressPath& path) {
          out_.item([&] {
            out_.text("path", path.path);
            out_.text("pathType", type_text(path.type));
            backend("backend", path.backend);
          });
        });
      });
    });
  }

  void backend(const char* key, const IngressBackend& backend) {
    out_.object(key, [&] {
      if (!backend.resource.empty()) return resource(backend.resource);
      out_.object("service", [&] {
        out_.text("name", backend.service);
        out_.object("port", [&] {
          out_.text("name", backend.port_name);
          out_.number("number", backend.port);
        });
      });
    });
  }

  // "StorageBucket.k8s.example.com/icons"
  void resource(const std::string& text) {
    size_t slash = text.rfind('/');
    std::string kind = text.substr(0, slash);
    size_t dot = kind.find('.');
    out_.object("resource", [&] {
      out_.text("kind", kind.substr(0, dot));
      if (dot != std::string::npos) out_.text("apiGroup", kind.substr(dot + 1));
      if (slash != std::string::npos) out_.text("name", text.substr(slash + 1));
    });
  }

  void published(const std::vector<PublishedAddress>& addresses) {
    out_.object("status", [&] {
      out_.object("loadBalancer", [&] {
        out_.list("ingress", addresses, [&](const PublishedAddress& address) {
          out_.item([&] {
            out_.text("ip", address.ip);
            out_.text("hostname", address.hostname);
          });
        });
      });
    });
  }

  void body(const IngressClass& ingress_class) {
    out_.object("spec", [&] { out_.text("controller", ingress_class.controller); });
  }

  void body(const Secret& secret) {
    out_.text("type", secret.type);
    out_.object("data", [&] {
      data("tls.crt", secret.data.tls_crt);
      data("ca.crt", secret.data.ca_crt);
      data("ca.crl", secret.data.ca_crl);
      if (!keys_) return;
      data("tls.key", secret.data.tls_key);
      for (size_t i = 0; i < secret.data.ticket_keys.size(); ++i) {
        data(i ? "ticket.key." + std::to_string(i) : "ticket.key", secret.data.ticket_keys[i]);
      }
    });
  }
  void data(const std::string& key, const std::string& bytes) {
    if (!bytes.empty()) out_.text(key.c_str(), base64_encode(bytes));
  }

  void body(const Service& service) {
    out_.object("spec", [&] {
      out_.text("type", service.type);
      out_.texts("clusterIPs", service.cluster_ips);
      out_.text("externalName", service.external_name);
      out_.texts("externalIPs", service.external_ips);
      out_.list("ports", service.ports, [&](const ServicePort& one) { port(one); });
    });
    published(service.published);
  }

  void port(const ServicePort& port) {
    out_.item([&] {
      out_.text("name", port.name);
      out_.number("port", port.port);
      out_.text("protocol", port.protocol);
      out_.text("appProtocol", port.app_protocol);
      if (!port.target_name.empty()) {
        out_.text("targetPort", port.target_name);
      } else {
        out_.number("targetPort", port.target_port);
      }
    });
  }

  void body(const EndpointSlice& slice) {
    out_.text("addressType", slice.address_type);
    out_.list("endpoints", slice.endpoints, [&](const Endpoint& endpoint) {
      out_.item([&] {
        out_.texts("addresses", endpoint.addresses);
        out_.object("conditions", [&] {
          out_.boolean("ready", endpoint.ready);
          out_.boolean("serving", endpoint.serving);
          out_.boolean("terminating", endpoint.terminating);
        });
      });
    });
    out_.list("ports", slice.ports, [&](const EndpointPort& port) {
      out_.item([&] {
        out_.text("name", port.name);
        out_.text("protocol", port.protocol);
        out_.number("port", port.port);
      });
    });
  }

  void body(const Namespace&) {}
  void body(const ConfigMap& map) { out_.map("data", map.data); }
  void body(const Node& node) {
    out_.object("status", [&] {
      out_.list("addresses", node.addresses, [&](const NodeAddress& address) {
        out_.item([&] {
          out_.text("type", address.type);
          out_.text("address", address.address);
        });
      });
    });
  }

  Out out_;
  bool keys_;
};

}  // namespace

std::string object_text(const Object& object, bool keys) {
  std::string text;
  Writer(text, keys).write(object);
  return text;
}

}  // namespace sallyport::kube
