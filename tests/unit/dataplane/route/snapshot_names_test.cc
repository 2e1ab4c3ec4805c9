#include <gtest/gtest.h>

#include "dataplane/route/snapshot.h"

namespace sallyport {
namespace {

// RFC 6066 section 3: the name in SNI has no trailing dot; and no certificate has one either.
TEST(SnapshotNames, EndpointsNameGoesWithoutTheResolversDot) {
  Config config;
  ServiceConfig service;
  service.name = "bank";
  service.tls.emplace();
  service.tls->verify = VerifyBackend::None;
  EndpointConfig complete;
  complete.host = "bank.internal.";
  complete.port = 8443;
  service.endpoints.push_back(complete);
  config.services.push_back(service);
  ListenerConfig listener;
  listener.protocol = Protocol::Tcp;
  listener.service = "bank";
  config.listeners.push_back(listener);
  Materials materials;
  materials.addresses["bank.internal."] = {*Address::parse_ip("127.0.0.1")};
  Problems problems;
  auto snapshot = SnapshotBuilder(1).build(config, materials, problems);
  ASSERT_TRUE(snapshot) << (problems.empty() ? "" : problems[0].text());
  ASSERT_EQ(snapshot->listeners.size(), 1u);
  const auto& endpoints = snapshot->listeners[0]->service->endpoints();
  ASSERT_EQ(endpoints.size(), 1u);
  EXPECT_EQ(endpoints[0].name, "bank.internal");
}

}  // namespace
}  // namespace sallyport
