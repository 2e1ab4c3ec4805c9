// A snapshot that was built as a change of others is the one that is built from nothing.
#include <gtest/gtest.h>

#include <random>

#include "dataplane/route/snapshot.h"

namespace sallyport {
namespace {

Config base() {
  Config config;
  for (const char* name : {"http", "more"}) {
    ListenerConfig listener;
    listener.name = name;
    listener.protocol = Protocol::Http;
    listener.unknown_sni = UnknownSni::Default;
    config.listeners.push_back(listener);
  }
  return config;
}

ServiceConfig service(const std::string& name, int port) {
  ServiceConfig made;
  made.name = name;
  EndpointConfig endpoint;
  endpoint.host = port % 3 == 0 ? "name.example" : "10.0.0.1";
  endpoint.port = static_cast<uint16_t>(port);
  made.endpoints = {endpoint};
  return made;
}

SiteConfig site(const std::string& host, const std::string& target, bool both) {
  SiteConfig made;
  made.hosts = {host};
  made.listeners = {"http"};
  if (both) made.listeners.push_back("more");
  RouteConfig route;
  route.service = target;
  made.routes = {route};
  return made;
}

// What a client would meet.
std::string seen(const Snapshot& snapshot, const std::vector<std::string>& hosts) {
  std::string text;
  for (const auto& rules : snapshot.listeners) {
    for (const std::string& host : hosts) {
      SiteTable::Found found = rules->sites.find(host);
      text += rules->config.name + " " + host + ": ";
      if (found.site) {
        const Service& to = *found.site->service;
        text += found.site->name + " " + to.name();
        for (const Endpoint& e : to.endpoints()) text += " " + e.address.text();
      }
      text += "\n";
    }
  }
  return text;
}

class SnapshotChange : public testing::Test {
 protected:
  std::shared_ptr<const Snapshot> build(SnapshotBuilder& builder, const Config& config) {
    Problems problems;
    auto snapshot = builder.build(config, materials_, problems);
    EXPECT_TRUE(snapshot) << (problems.empty() ? "" : problems[0].text());
    return snapshot;
  }

  Materials materials_;
};

TEST_F(SnapshotChange, RandomChangesLeadWhereBuildingFromNothingLeads) {
  std::mt19937 random(7);
  std::vector<std::string> hosts = {"unknown.example", "*"};
  for (int i = 0; i < 30; ++i) hosts.push_back("h" + std::to_string(i) + ".example");
  hosts.push_back("*.example");
  Config config = base();
  for (int i = 0; i < 5; ++i) config.services.push_back(service("s" + std::to_string(i), 1000 + i));
  SnapshotBuilder builder(1);
  for (int step = 0; step < 1000; ++step) {
    switch (random() % 5) {
      case 0: {
        size_t at = random() % config.services.size();
        int port = static_cast<int>(1000 + random() % 100);
        config.services.replace(at, std::make_shared<const ServiceConfig>(
                                        service(config.services[at].name, port)));
        break;
      }
      case 1:
        materials_.addresses["name.example"] = {
            *Address::parse_ip("10.1.0." + std::to_string(random() % 250), 0)};
        break;
      case 2:
        if (!config.sites.empty()) config.sites.erase(random() % config.sites.size());
        break;
      default: {
        const std::string& host = hosts[1 + random() % (hosts.size() - 1)];
        auto made = std::make_shared<const SiteConfig>(
            site(host, "s" + std::to_string(random() % 5), random() % 2 == 0));
        size_t at = 0;
        while (at < config.sites.size() && config.sites[at].hosts.front() != host) ++at;
        if (at < config.sites.size()) {
          config.sites.replace(at, made);
        } else {
          config.sites.insert(random() % (config.sites.size() + 1), made);
        }
      }
    }
    auto changed = build(builder, config);
    SnapshotBuilder other(1);
    auto fresh = build(other, config);
    ASSERT_EQ(seen(*changed, hosts), seen(*fresh, hosts)) << "after step " << step;
  }
}

TEST_F(SnapshotChange, OneChangedSiteOrServiceCostsOne) {
  Config config = base();
  for (int i = 0; i < 100; ++i) {
    std::string name = std::to_string(i);
    config.services.push_back(service("s" + name, 8000));
    config.sites.push_back(site("h" + name + ".example", "s" + name, true));
  }
  SnapshotBuilder builder(1);
  auto first = build(builder, config);
  EXPECT_EQ(builder.work().sites, 100u);
  EXPECT_EQ(builder.work().services, 100u);

  build(builder, config);
  EXPECT_EQ(builder.work().sites, 100u);

  config.sites.replace(7, std::make_shared<const SiteConfig>(site("h7.example", "s8", false)));
  auto second = build(builder, config);
  EXPECT_EQ(builder.work().sites, 101u);
  EXPECT_EQ(builder.work().services, 100u);
  EXPECT_EQ(first->sites[6], second->sites[6]);
  EXPECT_NE(first->sites[7], second->sites[7]);

  // s8 is now of two sites.
  config.services.replace(8, std::make_shared<const ServiceConfig>(service("s8", 9001)));
  build(builder, config);
  EXPECT_EQ(builder.work().sites, 103u);
  EXPECT_EQ(builder.work().services, 101u);

  // What was read again, and is the same, is the same.
  Config again = base();
  for (const SiteConfig& s : config.sites) again.sites.push_back(s);
  for (const ServiceConfig& s : config.services) again.services.push_back(s);
  build(builder, again);
  EXPECT_EQ(builder.work().sites, 103u);
  again.services.replace(8, std::make_shared<const ServiceConfig>(service("s8", 9002)));
  build(builder, again);
  EXPECT_EQ(builder.work().sites, 105u);
}

}  // namespace
}  // namespace sallyport
