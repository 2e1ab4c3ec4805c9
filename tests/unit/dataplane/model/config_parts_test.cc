#include "dataplane/model/config_parts.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::shared_ptr<const SiteConfig> site(const std::string& host) {
  SiteConfig made;
  made.hosts = {host};
  made.listeners = {"https"};
  return std::make_shared<const SiteConfig>(made);
}

std::shared_ptr<const ServiceConfig> service(const std::string& name) {
  ServiceConfig made;
  made.name = name;
  return std::make_shared<const ServiceConfig>(made);
}

Config base() {
  Config config;
  for (const char* name : {"http", "https"}) {
    ListenerConfig listener;
    listener.name = name;
    config.listeners.push_back(listener);
  }
  config.sites.push_back(site("file.example"));
  return config;
}

std::string hosts_of(const Config& config) {
  std::string text;
  for (const SiteConfig& s : config.sites) text += s.hosts.front() + " ";
  return text;
}

TEST(ConfigParts, PartsStandBehindTheFilesInOrder) {
  ConfigParts parts;
  parts.set_base(base());
  parts.apply({.sites = {site("b.example"), site("a.example")}, .services = {service("ns/web")}});
  Config config = parts.config();
  EXPECT_EQ(hosts_of(config), "file.example a.example b.example ");
  EXPECT_EQ(config.services.front().name, "ns/web");
  parts.apply({.sites = {site("c.example")}, .sites_gone = {"a.example", "unknown.example"}});
  EXPECT_EQ(hosts_of(parts.config()), "file.example b.example c.example ");
  parts.apply({.whole = true, .sites = {site("d.example")}});
  EXPECT_EQ(hosts_of(parts.config()), "file.example d.example ");
  EXPECT_TRUE(parts.config().services.empty());
}

TEST(ConfigParts, WhatHasNotChangedIsTheSameObject) {
  ConfigParts parts;
  parts.set_base(base());
  auto a = site("a.example"), b = site("b.example"), other = site("b.example");
  parts.apply({.sites = {a, b}});
  parts.apply({.sites = {other}});
  Config config = parts.config();
  EXPECT_EQ(config.sites.items()[1], a);
  EXPECT_EQ(config.sites.items()[2], other);
}

TEST(ConfigParts, AHostOfTheFileStaysTheFiles) {
  ConfigParts parts;
  parts.set_base(base());
  parts.apply({.sites = {site("file.example"), site("a.example")}});
  EXPECT_EQ(hosts_of(parts.config()), "file.example a.example ");
  Config without = base();
  without.sites = {};
  parts.set_base(without);
  EXPECT_EQ(hosts_of(parts.config()), "a.example file.example ");
}

TEST(ConfigParts, ASiteForTheRestMakesItsListenersServeUnknownNames) {
  ConfigParts parts;
  parts.set_base(base());
  parts.apply({.sites = {site("*"), site("*.a.example")}});
  Config config = parts.config();
  EXPECT_EQ(config.listeners[0].unknown_sni, UnknownSni::Refuse);
  EXPECT_EQ(config.listeners[1].unknown_sni, UnknownSni::Default);
  parts.apply({.sites_gone = {"*"}});
  EXPECT_EQ(parts.config().listeners[1].unknown_sni, UnknownSni::Refuse);
}

}  // namespace
}  // namespace sallyport
