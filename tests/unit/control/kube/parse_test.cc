#include "control/kube/parse.h"

#include <gtest/gtest.h>

#include "control/kube/base64.h"

namespace sallyport::kube {
namespace {

ObjectPtr parsed(Kind kind, std::string_view json) {
  auto object = parse_object(kind, json);
  EXPECT_TRUE(object.ok()) << (object ? "" : object.error().message);
  return object ? *object : nullptr;
}

std::string error(Kind kind, std::string_view json) {
  auto object = parse_object(kind, json);
  return object ? "none" : object.error().message;
}

TEST(Parse, AnIngress) {
  auto object = parsed(Kind::Ingress, R"({"metadata":{"name":"web","namespace":"shop","uid":"u1",
    "resourceVersion":"7","creationTimestamp":"2026-11-21T02:22:22Z","annotations":{"a":"b",
    "kubectl.kubernetes.io/last-applied-configuration":"{}"},"managedFields":[{"fieldsV1":{}}]},
    "spec":{"ingressClassName":"nginx",
    "defaultBackend":{"service":{"name":"d","port":{"name":"http"}}},
    "tls":[{"hosts":["a.example.com"],"secretName":"cert"},{}],
    "rules":[{"host":"a.example.com","http":{"paths":[
      {"path":"/x","pathType":"Exact","backend":{"service":{"name":"s","port":{"number":80}}}},
      {"pathType":"ImplementationSpecific",
       "backend":{"resource":{"apiGroup":"k8s.example.com","kind":"Bucket","name":"icons"}}}]}}]},
    "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"},{"hostname":"lb.example.com"}]}}})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->name.text(), "shop/web");
  EXPECT_EQ(object->created, 1795227742);
  EXPECT_EQ(object->annotations, (StringMap{{"a", "b"}}));
  const auto& ingress = object->as<Ingress>();
  EXPECT_EQ(ingress.class_name, "nginx");
  EXPECT_EQ(ingress.default_backend->port_name, "http");
  ASSERT_EQ(ingress.tls.size(), 2u);
  EXPECT_EQ(ingress.tls[0].secret, "cert");
  ASSERT_EQ(ingress.rules.size(), 1u);
  ASSERT_EQ(ingress.rules[0].paths.size(), 2u);
  EXPECT_EQ(ingress.rules[0].paths[0].type, IngressPathType::Exact);
  EXPECT_EQ(ingress.rules[0].paths[0].backend.port, 80);
  EXPECT_EQ(ingress.rules[0].paths[1].backend.resource, "Bucket.k8s.example.com/icons");
  ASSERT_EQ(ingress.published.size(), 2u);
  EXPECT_EQ(ingress.published[1].hostname, "lb.example.com");
}

TEST(Parse, SecretsAreDecodedAndOnlyWhatIsUsedIsKept) {
  auto object = parsed(Kind::Secret, R"({"metadata":{"name":"s","namespace":"n"},
    "type":"kubernetes.io/tls","data":{"tls.crt":"Y3J0","tls.key":"a2V5","password":"!!!",
    "ticket.key.2":"Mg==","ticket.key":"MA==","ca.crt":null}})");
  ASSERT_TRUE(object);
  const auto& secret = object->as<Secret>();
  EXPECT_EQ(secret.data.tls_crt, "crt");
  EXPECT_EQ(secret.data.tls_key, "key");
  EXPECT_EQ(secret.data.ca_crt, "");
  EXPECT_EQ(secret.data.ticket_keys, (std::vector<std::string>{"0", "2"}));
}

TEST(Parse, EndpointConditionsThatAreNotSaidMeanReady) {
  auto object = parsed(Kind::EndpointSlice, R"({"metadata":{"name":"e","namespace":"n",
    "labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4",
    "endpoints":[{"addresses":["192.0.2.1"]},
      {"addresses":["192.0.2.2"],"conditions":{"ready":null}},
      {"addresses":["192.0.2.3"],"conditions":{"ready":false}},
      {"addresses":["192.0.2.4"],"conditions":{"ready":false,"serving":true,"terminating":true}}],
    "ports":[{"name":"http","port":8080},{"name":"all","port":null}]})");
  ASSERT_TRUE(object);
  const auto& slice = object->as<EndpointSlice>();
  EXPECT_EQ(slice.service, "web");
  ASSERT_EQ(slice.endpoints.size(), 4u);
  EXPECT_TRUE(slice.endpoints[0].ready && slice.endpoints[1].ready);
  EXPECT_FALSE(slice.endpoints[2].ready || slice.endpoints[2].serving);
  EXPECT_TRUE(slice.endpoints[3].serving && slice.endpoints[3].terminating);
  EXPECT_EQ(slice.ports[1].port, 0);
}

TEST(Parse, ABookmarkHasNullsForItsLists) {
  auto object = parse_object(Kind::EndpointSlice, R"({"kind":"EndpointSlice",
    "metadata":{"resourceVersion":"9","creationTimestamp":null},"endpoints":null,"ports":null})");
  EXPECT_FALSE(object.ok());  // it has no name: no object, and nothing worse
}

TEST(Parse, WhatIsWrongIsNamedWithItsField) {
  struct Case {
    Kind kind;
    const char* json;
    const char* wanted;
  } cases[] = {
      {Kind::Ingress, R"({"metadata":{"name":"w","namespace":"s"},"spec":{"rules":[{"host":7}]}})",
       "Ingress s/w: spec.rules[0].host: must be a string"},
      {Kind::Ingress,
       R"({"metadata":{"name":"w","namespace":"s"},
            "spec":{"rules":[{"http":{"paths":[{"pathType":"Regex"}]}}]}})",
       "Ingress s/w: spec.rules[0].http.paths[0].pathType: must be Exact, Prefix or "
       "ImplementationSpecific"},
      {Kind::Ingress, R"({"metadata":{"name":"w","namespace":"s","annotations":{"a":true}}})",
       "Ingress s/w: metadata.annotations[\"a\"]: must be a string"},
      {Kind::Service,
       R"({"metadata":{"name":"w","namespace":"s"},"spec":{"ports":[{"port":70000}]}})",
       "Service s/w: spec.ports[0].port: must be a port from 1 to 65535"},
      {Kind::Service, R"({"metadata":{"name":"w","namespace":"s"},"spec":{"ports":{}}})",
       "Service s/w: spec.ports: must be a list"},
      {Kind::Secret, R"({"metadata":{"name":"w","namespace":"s"},"data":{"tls.crt":"?"}})",
       "Secret s/w: data: must be tls.crt in base64"},
      {Kind::Node, R"({"metadata":{}})",
       "Node : the object: must be an object with a metadata.name"},
      {Kind::Node, R"([])", "Node : the object: must be an object"},
      {Kind::EndpointSlice,
       R"({"metadata":{"name":"w","namespace":"s"},"endpoints":[null]})",
       "EndpointSlice s/w: endpoints[0]: must be there, not null"},
  };
  for (const Case& c : cases) EXPECT_EQ(error(c.kind, c.json), c.wanted);
  EXPECT_NE(error(Kind::Node, "{").find("Node: not JSON: "), std::string::npos);
}

TEST(Parse, Times) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2000-03-01T00:00:01Z"), 951868801);
  EXPECT_EQ(parse_time("2026-11-21T02:22:22.123456Z"), 1795227742);
  EXPECT_EQ(parse_time("yesterday"), 0);
}

TEST(Base64, BothWays) {
  for (std::string bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_decode("Zm9v\nYg==\n"), "foob");
  for (const char* wrong : {"Zm9vY", "Zm9v=Yg=", "Zm9vYg", "Zm9v!g==", "===="}) {
    EXPECT_FALSE(base64_decode(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sallyport::kube
