#include "control/kube/salvage.h"

#include <gtest/gtest.h>

namespace sallyport::kube {
namespace {

Config four_sites() {
  Config config;
  for (const char* name : {"file", "a", "b", "c"}) {
    SiteConfig site;
    site.hosts = {name};
    RouteConfig route;
    route.service = name == std::string("c") ? "b" : name;
    site.routes = {route};
    config.sites.push_back(site);
    ServiceConfig service;
    service.name = name;
    config.services.push_back(service);
  }
  return config;
}

std::string hosts(const std::optional<Config>& config) {
  if (!config) return "(none)";
  std::string all;
  for (const SiteConfig& site : config->sites) all += site.hosts.front() + " ";
  return all;
}

std::optional<Config> without(const std::vector<std::string>& paths) {
  Problems problems;
  for (const std::string& path : paths) {
    Problem& problem = problems.emplace_back();
    problem.path = path;
    problem.message = "wrong";
  }
  return without_what_is_wrong(four_sites(), problems, 1, 1);
}

TEST(Salvage, SitesAndServicesGoWithThoseWhoUseThem) {
  EXPECT_EQ(hosts(without({"sites[1].secret"})), "file b c ");
  EXPECT_EQ(hosts(without({"sites[1].secret", "sites[1].routes[0]", "sites[3]"})), "file b ");
  auto rest = without({"services[2].tls.secret"});
  EXPECT_EQ(hosts(rest), "file a ");
  EXPECT_EQ(rest->services.size(), 3u);
}

TEST(Salvage, WhatIsTheFilesOrNobodysIsNotTouched) {
  for (const char* path : {"sites[0].secret", "services[0].tls", "sites[4]", "sites[", "sites[x]",
                           "sites[1", "ticket_keys.secret", ""}) {
    EXPECT_EQ(hosts(without({path})), "(none)") << path;
    EXPECT_EQ(hosts(without({"sites[1].secret", path})), "(none)") << path;
  }
  EXPECT_EQ(hosts(without({})), "(none)");
}

}  // namespace
}  // namespace sallyport::kube
