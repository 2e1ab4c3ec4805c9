#include "control/kube/parse.h"

#include <cstdio>

#include "control/kube/base64.h"
#include "control/kube/json_field.h"

namespace sallyport::kube {

namespace {

std::vector<std::string> texts(const JsonField& field) {
  std::vector<std::string> list;
  field.each([&](const JsonField& item) { list.push_back(item.text()); });
  return list;
}

std::vector<PublishedAddress> published(const JsonField& root) {
  std::vector<PublishedAddress> list;
  JsonField status = root["status"];
  JsonField balancer = status["loadBalancer"];
  balancer["ingress"].each([&](const JsonField& item) {
    list.push_back({item["ip"].text(), item["hostname"].text()});
  });
  return list;
}

IngressBackend read_backend(const JsonField& field) {
  IngressBackend backend;
  JsonField service = field["service"];
  backend.service = service["name"].text();
  JsonField port = service["port"];
  backend.port_name = port["name"].text();
  backend.port = port["number"].port();
  JsonField resource = field["resource"];
  if (resource.there()) {
    std::string group = resource["apiGroup"].text();
    backend.resource = resource["kind"].text() + (group.empty() ? "" : "." + group) + "/" +
                       resource["name"].text();
  }
  return backend;
}

IngressPathType path_type(const JsonField& field) {
  std::string_view text = field.view();
  if (text == "Exact") return IngressPathType::Exact;
  if (text == "Prefix") return IngressPathType::Prefix;
  field.check(text.empty() || text == "ImplementationSpecific",
              "Exact, Prefix or ImplementationSpecific");
  return IngressPathType::ImplementationSpecific;
}

IngressRule read_rule(const JsonField& field) {
  IngressRule rule;
  rule.host = field["host"].text();
  JsonField http = field["http"];
  http["paths"].each([&](const JsonField& item) {
    rule.paths.push_back(
        {item["path"].text(), path_type(item["pathType"]), read_backend(item["backend"])});
  });
  return rule;
}

Ingress read_ingress(const JsonField& root) {
  Ingress ingress;
  JsonField spec = root["spec"];
  if (spec["ingressClassName"].there()) ingress.class_name = spec["ingressClassName"].text();
  JsonField backend = spec["defaultBackend"];
  if (backend.there()) ingress.default_backend = read_backend(backend);
  spec["rules"].each([&](const JsonField& item) { ingress.rules.push_back(read_rule(item)); });
  spec["tls"].each([&](const JsonField& item) {
    ingress.tls.push_back({texts(item["hosts"]), item["secretName"].text()});
  });
  ingress.published = published(root);
  return ingress;
}

IngressClass read_ingress_class(const JsonField& root) {
  IngressClass result;
  JsonField spec = root["spec"];
  result.controller = spec["controller"].text();
  JsonField metadata = root["metadata"];
  metadata["annotations"].each_text([&](std::string_view key, std::string_view value) {
    if (key == "ingressclass.kubernetes.io/is-default-class") result.is_default = value == "true";
  });
  return result;
}

// Where the text under `key` is kept; null for what is not used.
std::string* slot(SecretData& data, std::string_view key) {
  if (key == "tls.crt") return &data.tls_crt;
  if (key == "tls.key") return &data.tls_key;
  if (key == "ca.crt") return &data.ca_crt;
  if (key == "ca.crl") return &data.ca_crl;
  return nullptr;
}

// 0 for "ticket.key", 1 to 9 for "ticket.key.N", else none.
std::optional<size_t> ticket_index(std::string_view key) {
  constexpr std::string_view kName = "ticket.key";
  if (!key.starts_with(kName)) return std::nullopt;
  key.remove_prefix(kName.size());
  if (key.empty()) return 0;
  if (key.size() != 2 || key[0] != '.' || key[1] < '1' || key[1] > '9') return std::nullopt;
  return static_cast<size_t>(key[1] - '0');
}

Secret read_secret(const JsonField& root) {
  Secret secret;
  secret.type = root["type"].text();
  std::vector<std::string> tickets(10);
  auto keep = [&](std::string_view key, std::string value) {
    if (std::string* kept = slot(secret.data, key)) *kept = std::move(value);
    else if (auto index = ticket_index(key)) tickets[*index] = std::move(value);
  };
  JsonField data = root["data"];
  data.each_text([&](std::string_view key, std::string_view value) {
    if (!slot(secret.data, key) && !ticket_index(key)) return;
    std::optional<std::string> bytes = base64_decode(value);
    data.check(bytes.has_value(), (std::string(key) + " in base64").c_str());
    if (bytes) keep(key, std::move(*bytes));
  });
  // Only in manifests: the API server turns it into `data`, where it wins.
  root["stringData"].each_text([&](std::string_view key, std::string_view value) {
    keep(key, std::string(value));
  });
  for (std::string& ticket : tickets) {
    if (!ticket.empty()) secret.data.ticket_keys.push_back(std::move(ticket));
  }
  return secret;
}

ServicePort read_service_port(const JsonField& field) {
  ServicePort port;
  port.name = field["name"].text();
  port.port = field["port"].port();
  if (field["protocol"].there()) port.protocol = field["protocol"].text();
  JsonField target = field["targetPort"];
  if (target.is_text()) {
    port.target_name = target.text();
  } else {
    port.target_port = target.port();
  }
  port.app_protocol = field["appProtocol"].text();
  return port;
}

Service read_service(const JsonField& root) {
  Service service;
  JsonField spec = root["spec"];
  if (spec["type"].there()) service.type = spec["type"].text();
  service.cluster_ips = texts(spec["clusterIPs"]);
  // Manifests have the one, and only servers write the other beside it.
  if (service.cluster_ips.empty() && spec["clusterIP"].there()) {
    service.cluster_ips.push_back(spec["clusterIP"].text());
  }
  service.external_name = spec["externalName"].text();
  service.external_ips = texts(spec["externalIPs"]);
  spec["ports"].each(
      [&](const JsonField& item) { service.ports.push_back(read_service_port(item)); });
  service.published = published(root);
  return service;
}

Endpoint read_endpoint(const JsonField& field) {
  Endpoint endpoint;
  endpoint.addresses = texts(field["addresses"]);
  JsonField conditions = field["conditions"];
  // Not said is ready; serving is what ready would be if it were not terminating.
  endpoint.ready = conditions["ready"].boolean(true);
  endpoint.serving = conditions["serving"].boolean(endpoint.ready);
  endpoint.terminating = conditions["terminating"].boolean(false);
  return endpoint;
}

EndpointPort read_endpoint_port(const JsonField& field) {
  EndpointPort port;
  port.name = field["name"].text();
  port.port = field["port"].port();
  if (field["protocol"].there()) port.protocol = field["protocol"].text();
  return port;
}

EndpointSlice read_endpoint_slice(const JsonField& root) {
  EndpointSlice slice;
  JsonField metadata = root["metadata"];
  metadata["labels"].each_text([&](std::string_view key, std::string_view value) {
    if (key == "kubernetes.io/service-name") slice.service = value;
  });
  slice.address_type = root["addressType"].text();
  root["endpoints"].each(
      [&](const JsonField& item) { slice.endpoints.push_back(read_endpoint(item)); });
  root["ports"].each(
      [&](const JsonField& item) { slice.ports.push_back(read_endpoint_port(item)); });
  return slice;
}

ConfigMap read_config_map(const JsonField& root) {
  ConfigMap map;
  root["data"].each_text(
      [&](std::string_view key, std::string_view value) { map.data.emplace(key, value); });
  return map;
}

Node read_node(const JsonField& root) {
  Node node;
  JsonField status = root["status"];
  status["addresses"].each([&](const JsonField& item) {
    node.addresses.push_back({item["type"].text(), item["address"].text()});
  });
  return node;
}

ObjectBody read_body(Kind kind, const JsonField& root) {
  switch (kind) {
    case Kind::Ingress: return read_ingress(root);
    case Kind::IngressClass: return read_ingress_class(root);
    case Kind::Secret: return read_secret(root);
    case Kind::Service: return read_service(root);
    case Kind::EndpointSlice: return read_endpoint_slice(root);
    case Kind::Namespace: return Namespace{};
    case Kind::ConfigMap: return read_config_map(root);
    case Kind::Node: return read_node(root);
  }
  return Namespace{};
}

void read_metadata(const JsonField& root, Object& object) {
  JsonField metadata = root["metadata"];
  object.name = {metadata["namespace"].text(), metadata["name"].text()};
  object.uid = metadata["uid"].text();
  object.resource_version = metadata["resourceVersion"].text();
  object.created = parse_time(metadata["creationTimestamp"].view());
}

void read_notes(Kind kind, const JsonField& root, Object& object) {
  JsonField metadata = root["metadata"];
  if (kind == Kind::Ingress) {
    metadata["annotations"].each_text([&](std::string_view key, std::string_view value) {
      if (key != "kubectl.kubernetes.io/last-applied-configuration") {
        object.annotations.emplace(key, value);
      }
    });
  }
  if (kind == Kind::Namespace) {
    metadata["labels"].each_text(
        [&](std::string_view key, std::string_view value) { object.labels.emplace(key, value); });
  }
}

}  // namespace

Result<Object> read_object(Kind kind, const simdjson::dom::element& json) {
  std::string error;
  JsonField root(json, error);
  Object object;
  read_metadata(root, object);
  root.check(!object.name.name.empty(), "an object with a metadata.name");
  read_notes(kind, root, object);
  object.body = read_body(kind, root);
  if (!error.empty()) {
    return Error{std::string(name(kind)) + " " + object.name.text() + ": " + error};
  }
  return object;
}

Result<ObjectPtr> parse_object(Kind kind, const simdjson::dom::element& json) {
  Result<Object> object = read_object(kind, json);
  if (!object) return object.error();
  return ObjectPtr(std::make_shared<const Object>(std::move(*object)));
}

Result<ObjectPtr> parse_object(Kind kind, std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto failed = parser.parse(json.data(), json.size()).get(root)) {
    return Error{std::string(name(kind)) + ": not JSON: " + simdjson::error_message(failed)};
  }
  return parse_object(kind, root);
}

int64_t parse_time(std::string_view text) {
  int year, month, day, hour, minute, second;
  if (text.size() < 20 || text.size() > 40) return 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour,
                  &minute, &second) != 6) {
    return 0;
  }
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31) return 0;
  if (hour > 23 || minute > 59 || second > 60) return 0;
  // Days since 1970 in the proleptic Gregorian calendar, with years that begin in March.
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400;
  const int of_era = y - era * 400;
  const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t days = int64_t{era} * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
                       719468;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace sallyport::kube
