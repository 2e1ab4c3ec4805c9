#include "control/kube/cluster_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "control/kube/object_text.h"
#include "control/kube/parse.h"

namespace sallyport::kube {
namespace {

struct Written {
  Kind kind;
  const char* json;
};

const Written kObjects[] = {
    {Kind::Ingress, R"({"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7",
      "creationTimestamp":"2026-11-21T02:22:22Z","annotations":{"a/b":"\"x\"\nü"}},
      "spec":{"ingressClassName":"","defaultBackend":{"resource":{"apiGroup":"k8s.example.com",
      "kind":"Bucket","name":"icons"}},"rules":[{"host":"a.test","http":{"paths":[
      {"path":"/x","pathType":"Exact","backend":{"service":{"name":"s","port":{"number":80}}}},
      {"pathType":"ImplementationSpecific","backend":{"service":{"name":"s","port":{"name":"p"}}}}
      ]}},{"host":"*.a.test"}],"tls":[{"hosts":["a.test"],"secretName":"t"},{}]},
      "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"},{"hostname":"lb.test"}]}}})"},
    {Kind::Ingress, R"({"metadata":{"name":"bare","namespace":"shop"}})"},
    {Kind::IngressClass, R"({"metadata":{"name":"c","annotations":
      {"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"x/y"}})"},
    {Kind::Secret, R"({"metadata":{"name":"t","namespace":"shop"},"type":"kubernetes.io/tls",
      "data":{"tls.crt":"YQ==","tls.key":"Yg==","ca.crt":"Yw==","ticket.key":"ZA==",
      "ticket.key.1":"ZQ=="}})"},
    {Kind::Service, R"({"metadata":{"name":"s","namespace":"shop"},"spec":{"type":"LoadBalancer",
      "clusterIPs":["10.0.0.1"],"externalIPs":["192.0.2.9"],"ports":[
      {"name":"p","port":80,"targetPort":"http","appProtocol":"kubernetes.io/h2c"},
      {"port":81,"targetPort":8081,"protocol":"UDP"}]},
      "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}})"},
    {Kind::Service, R"({"metadata":{"name":"e","namespace":"shop"},"spec":{"type":"ExternalName",
      "externalName":"db.example.com"}})"},
    {Kind::EndpointSlice, R"({"metadata":{"name":"s-1","namespace":"shop","labels":
      {"kubernetes.io/service-name":"s"}},"addressType":"IPv4","endpoints":[
      {"addresses":["10.1.0.1"],"conditions":{"ready":false,"serving":true,"terminating":true}},
      {"addresses":["10.1.0.2"]}],"ports":[{"name":"p","port":8080},{"name":"q","port":null}]})"},
    {Kind::ConfigMap, R"({"metadata":{"name":"m","namespace":"edge"},"data":{"k":"v"}})"},
    {Kind::Node, R"({"metadata":{"name":"n"},"status":{"addresses":[
      {"type":"InternalIP","address":"10.0.0.5"}]}})"},
};

ObjectPtr parsed(const Written& written) {
  auto object = parse_object(written.kind, std::string_view(written.json));
  EXPECT_TRUE(object) << object.error().message;
  return *object;
}

TEST(ObjectText, IsReadBackAsTheSameObject) {
  for (const Written& written : kObjects) {
    ObjectPtr object = parsed(written);
    std::string text = object_text(*object, true);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    auto again = parse_object(written.kind, std::string_view(text));
    ASSERT_TRUE(again) << again.error().message << text;
    EXPECT_TRUE((*again)->same_content(*object)) << text;
    EXPECT_EQ((*again)->resource_version, object->resource_version);
  }
}

TEST(ObjectText, LeavesKeysOut) {
  std::string text = object_text(*parsed(kObjects[3]), false);
  EXPECT_EQ(text.find("tls.key"), std::string::npos);
  EXPECT_EQ(text.find("ticket.key"), std::string::npos);
  EXPECT_NE(text.find("tls.crt"), std::string::npos);
  EXPECT_NE(text.find("ca.crt"), std::string::npos);
}

TEST(ClusterCache, IsWrittenForItsOwnerAndReadBack) {
  ObjectStore store;
  for (const Written& written : kObjects) {
    ObjectPtr object = parsed(written);
    store.put(written.kind, object->name, object);
  }
  std::string path = std::filesystem::temp_directory_path() / "sallyport-cache-test";
  std::filesystem::remove(path);
  ASSERT_TRUE(write_cache(path, store, true));
  struct stat about{};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  size_t lost = 9;
  auto read = read_cache(path, lost);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(read->size(), std::size(kObjects));
  for (const ObjectChange& change : *read) {
    EXPECT_TRUE(change.object->same_content(*store.find(change.kind, change.name)));
  }
  ::chmod(path.c_str(), 0620);
  EXPECT_FALSE(read_cache(path, lost));
  std::filesystem::remove(path);
  EXPECT_FALSE(read_cache(path, lost));
}

TEST(ClusterCache, WhatIsSpoiltIsLeftOut) {
  ObjectStore store;
  ObjectPtr object = parsed(kObjects[0]);
  store.put(Kind::Ingress, object->name, object);
  size_t lost = 0;
  auto read = parse_cache(cache_text(store, false) + "{\"kind\":\"Ingress\"\nnonsense\n{}\n", lost);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 1u);
  EXPECT_EQ(lost, 3u);
  EXPECT_FALSE(parse_cache("something else", lost));
  EXPECT_FALSE(parse_cache("", lost));
}

}  // namespace
}  // namespace sallyport::kube
