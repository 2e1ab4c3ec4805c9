#include "control/kube/watch_scopes.h"

#include <gtest/gtest.h>

namespace sallyport::kube {
namespace {

std::string text(const std::set<WatchScope>& scopes) {
  std::string all;
  for (const WatchScope& scope : scopes) {
    bool types = scope.field_selector.find("type!=") == 0;
    all += scope.space + "/" + (types ? "*" : scope.field_selector) + " ";
  }
  return all;
}

const std::set<ObjectName> kNamed = {{"blog", "b"}, {"shop", "x"}, {"shop", "y"}};

TEST(WatchScopes, SecretsByThePolicy) {
  KubernetesConfig config;
  EXPECT_EQ(text(secret_scopes(config, kNamed)), "");
  config.namespaces = {"shop"};
  EXPECT_EQ(text(secret_scopes(config, kNamed)), "blog/metadata.name=b ");
  config.secrets = SecretAccess::Names;
  EXPECT_EQ(text(secret_scopes(config, kNamed)),
            "blog/metadata.name=b shop/metadata.name=x shop/metadata.name=y ");
  config.secrets = SecretAccess::Namespaces;
  EXPECT_EQ(text(secret_scopes(config, kNamed)), "blog/* shop/* ");
}

TEST(WatchScopes, SecretsOfTheSettingsByTheirNames) {
  KubernetesConfig config;
  config.ticket_secret = {"edge", "tickets"};
  config.default_certificate = {"shop", "default"};
  EXPECT_EQ(text(secret_scopes(config, kNamed)), "");
  config.secrets = SecretAccess::Namespaces;
  EXPECT_EQ(text(secret_scopes(config, kNamed)), "blog/* edge/metadata.name=tickets shop/* ");
  config.secrets = SecretAccess::Names;
  EXPECT_EQ(text(secret_scopes(config, {})),
            "edge/metadata.name=tickets shop/metadata.name=default ");
}

TEST(WatchScopes, WhatIsAlwaysWatched) {
  KubernetesConfig config;
  EXPECT_EQ(watch_scopes(config).size(), 5u);
  config.secrets = SecretAccess::Names;
  config.namespaces = {"a", "b"};
  config.status.service = {"edge", "sallyport"};
  config.config_map = {"edge", "settings"};
  std::set<std::string> all;
  for (const WatchScope& scope : watch_scopes(config)) all.insert(scope.text());
  EXPECT_EQ(all, (std::set<std::string>{
                     "ingressclasses", "ingresses of a", "ingresses of b", "services of a",
                     "services of b", "endpointslices of a", "endpointslices of b",
                     "services of edge (metadata.name=sallyport)",
                     "configmaps of edge (metadata.name=settings)"}));
}

}  // namespace
}  // namespace sallyport::kube
