#include "control/kube/translator.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/control/kube/cluster.h"

namespace sallyport::kube {
namespace {

TranslateSettings settings() {
  TranslateSettings settings;
  settings.ingress_classes = {"nginx"};
  settings.http_listeners = {"http"};
  settings.https_listeners = {"https"};
  settings.default_certificate = ObjectName{"ns0", "secret0"};
  settings.config_map = ObjectName{"ns0", "map0"};
  settings.ssl_passthrough = true;
  return settings;
}

/// A cluster in which anything may happen.
class Chaos {
 public:
  explicit Chaos(uint32_t seed) : random_(seed) {}

  ObjectChange change() {
    switch (pick(10)) {
      case 0: return gone();
      case 1: return {Kind::IngressClass, {"", "class0"}, ingress_class()};
      case 2: return made(Kind::ConfigMap, config_map());
      case 3:
      case 4: return made(Kind::Secret, secret());
      case 5: return made(Kind::Service, service());
      case 6: return made(Kind::EndpointSlice, slice());
      default: return made(Kind::Ingress, ingress());
    }
  }

  const std::map<std::pair<Kind, ObjectName>, ObjectPtr>& objects() const { return objects_; }

  void remember(const ObjectChange& change) {
    if (change.object) {
      objects_[{change.kind, change.name}] = change.object;
    } else {
      objects_.erase({change.kind, change.name});
    }
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  ObjectName named(const char* what, int n) {
    return {"ns" + std::to_string(pick(2)), what + std::to_string(pick(n))};
  }
  std::string host() {
    static const char* kHosts[] = {"",              "a.example.com",  "b.example.com",
                                   "c.example.com", "*.example.com", "not a host"};
    return kHosts[pick(6)];
  }

  static ObjectChange made(Kind kind, Object object) {
    ObjectName name = object.name;
    return {kind, name, std::make_shared<const Object>(std::move(object))};
  }

  ObjectChange gone() {
    if (objects_.empty()) return {Kind::Secret, {"ns0", "secret0"}, nullptr};
    auto it = objects_.begin();
    std::advance(it, pick(static_cast<int>(objects_.size())));
    return {it->first.first, it->first.second, nullptr};
  }

  ObjectPtr ingress_class() {
    Object object;
    object.name = {"", "class0"};
    IngressClass body;
    body.controller = pick(2) ? kController : "somebody.else/controller";
    body.is_default = pick(2);
    object.body = body;
    return std::make_shared<const Object>(std::move(object));
  }

  Object config_map() {
    static const char* kKeys[][2] = {{"ssl-redirect", "false"},
                                     {"hsts", "false"},
                                     {"ssl-reject-handshake", "true"},
                                     {"allow-cross-namespace-resources", "true"},
                                     {"global-allowed-response-headers", "x-a"},
                                     {"nonsense", "1"}};
    Object object;
    object.name = named("map", 2);
    ConfigMap body;
    if (object.name.name == "map0") {
      for (const auto& [key, value] : kKeys) {
        if (pick(2)) body.data[key] = value;
      }
    } else {
      body.data["X-A"] = std::to_string(pick(3));
    }
    object.body = body;
    return object;
  }

  Object secret() {
    static const char* kWhat[] = {"tls:a.example.com", "tls:*.example.com", "ca", "junk",
                                  "tls:b.example.com+ca"};
    ObjectName name = named("secret", 4);
    ObjectPtr made = TestPki::secret(name, kWhat[pick(5)]);
    Object object;
    object.name = name;
    Secret body;
    const SecretData& data = made->as<Secret>().data;
    body.data.tls_crt = data.tls_crt;
    body.data.tls_key = data.tls_key;
    body.data.ca_crt = data.ca_crt;
    object.body = std::move(body);
    return object;
  }

  Object service() {
    Object object;
    object.name = named("service", 3);
    Service body;
    ServicePort port;
    port.name = pick(2) ? "http" : "";
    port.port = pick(3) ? 80 : 81;
    body.ports = {port};
    if (pick(5) == 0) {
      body.type = "ExternalName";
      body.external_name = pick(2) ? "legacy.example.net" : "localhost";
    }
    object.body = body;
    return object;
  }

  Object slice() {
    Object object;
    object.name = named("slice", 5);
    EndpointSlice body;
    body.service = "service" + std::to_string(pick(3));
    body.ports = {{pick(2) ? "http" : "", "TCP", 8080}};
    for (int i = pick(3); i > 0; --i) {
      Endpoint endpoint;
      endpoint.addresses = {"10.0.0." + std::to_string(pick(9) + 1)};
      endpoint.ready = pick(3) > 0;
      endpoint.terminating = pick(2);
      body.endpoints.push_back(endpoint);
    }
    object.body = body;
    return object;
  }

  void annotate(Object& object) {
    static const char* kAnnotations[][2] = {
        {"auth-tls-secret", "ns0/secret1"},   {"auth-tls-secret", "ns1/secret2"},
        {"auth-tls-match-cn", "CN=alice"},    {"auth-tls-verify-client", "optional"},
        {"ssl-redirect", "false"},            {"backend-protocol", "HTTPS"},
        {"backend-protocol", "AUTO_HTTP"},    {"proxy-ssl-secret", "ns0/secret1"},
        {"proxy-ssl-verify", "on"},           {"ssl-passthrough", "true"},
        {"server-alias", "alias.example.com"}, {"server-alias", "c.example.com"},
        {"rewrite-target", "/x"},             {"custom-headers", "ns0/map1"},
        {"proxy-body-size", "nonsense"},      {"app-root", "/app"},
        {"auth-url", "http://x"},             {"canary", "true"}};
    for (int i = pick(4); i > 0; --i) {
      const auto& [name, value] = kAnnotations[pick(18)];
      object.annotations[std::string("nginx.ingress.kubernetes.io/") + name] = value;
    }
  }

  Object ingress() {
    static const char* kClasses[] = {"nginx", "nginx", "class0", "other"};
    static const char* kPaths[] = {"/", "/a", "/a/b", "/c/"};
    Object object;
    object.name = named("ingress", 5);
    object.created = pick(3);
    annotate(object);
    Ingress body;
    if (pick(8)) body.class_name = kClasses[pick(4)];
    IngressBackend backend;
    for (int r = pick(3); r > 0; --r) {
      IngressRule rule;
      rule.host = host();
      for (int p = pick(3); p > 0; --p) {
        backend.service = "service" + std::to_string(pick(4));
        backend.port = 80;
        rule.paths.push_back({kPaths[pick(4)], static_cast<IngressPathType>(pick(3)), backend});
      }
      if (pick(2)) body.tls.push_back({{rule.host}, "secret" + std::to_string(pick(5))});
      body.rules.push_back(rule);
    }
    if (pick(4) == 0) {
      backend.service = "service0";
      backend.port = 80;
      body.default_backend = backend;
    }
    object.body = body;
    return object;
  }

  std::mt19937 random_;
  std::map<std::pair<Kind, ObjectName>, ObjectPtr> objects_;
};

template <class Map>
std::string difference(const Map& a, const Map& b) {
  for (const auto& [key, value] : a) {
    auto other = b.find(key);
    if (other == b.end()) return key + " is missing";
    if (!(*value == *other->second)) return key + " is another";
  }
  return a.size() == b.size() ? "" : "there are more";
}

void expect_same(const Translator& grown, const Translator& made, uint32_t seed, int step) {
  auto where = [&] { return "seed " + std::to_string(seed) + " step " + std::to_string(step); };
  ASSERT_EQ(difference(grown.sites(), made.sites()), "") << where();
  ASSERT_EQ(difference(grown.services(), made.services()), "") << where();
  ASSERT_EQ(grown.secrets().size(), made.secrets().size()) << where();
  for (const auto& [name, object] : grown.secrets()) {
    ASSERT_TRUE(made.secrets().count(name)) << where() << ": " << name;
    ASSERT_TRUE(object->as<Secret>().data == made.secrets().at(name)->as<Secret>().data) << where();
  }
  EXPECT_EQ(grown.fallbacks(), made.fallbacks());
  Findings left = grown.findings(), right = made.findings();
  ASSERT_EQ(left.size(), right.size()) << where();
  for (size_t i = 0; i < left.size(); ++i) {
    ASSERT_TRUE(left[i] == right[i]) << where() << ": " << left[i].text() << right[i].text();
  }
  ASSERT_EQ(grown.served(), made.served()) << where();
  Config one = grown.config({}), other = made.config({});
  ASSERT_TRUE(one.sites == other.sites && one.services == other.services &&
              one.secrets == other.secrets) << where();
  ASSERT_EQ(one.sites.size(), grown.sites().size()) << where();
  size_t at = 0;
  for (const auto& [key, site] : grown.sites()) {
    ASSERT_EQ(one.sites.items()[at++], site) << where() << ": " << key;
  }
  at = 0;
  ASSERT_EQ(one.services.size(), grown.services().size()) << where();
  for (const auto& [name, service] : grown.services()) {
    ASSERT_EQ(one.services.items()[at++], service) << where() << ": " << name;
  }
  at = 0;
  ASSERT_EQ(one.secrets.size(), grown.secrets().size()) << where();
  for (const auto& [name, secret] : grown.secrets()) {
    ASSERT_EQ(one.secrets[at++].name, name) << where();
  }
}

// Applies deltas to what was known before, as whoever publishes does.
struct Follower {
  std::map<std::string, SitePtr> sites;
  std::map<std::string, ServicePtr> services;
  std::set<Finding> findings;

  template <class Map>
  static void follow(Map& known, const Map& delta) {
    for (const auto& [key, value] : delta) {
      if (value) {
        known[key] = value;
      } else {
        EXPECT_EQ(known.erase(key), 1u) << key;
      }
    }
  }
  void follow(const Delta& delta) {
    follow(sites, delta.sites);
    follow(services, delta.services);
    for (const Finding& finding : delta.old_findings) findings.erase(finding);
    for (const Finding& finding : delta.new_findings) findings.insert(finding);
  }
};

TEST(Translator, ChangesOneByOneMakeTheSameAsAllAtOnce) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    Chaos chaos(seed);
    Translator grown(settings());
    Follower follower;
    follower.sites = grown.sites();
    for (int step = 0; step < 150; ++step) {
      ObjectChanges batch;
      for (uint32_t i = 0; i <= (seed + static_cast<uint32_t>(step)) % 3; ++i) {
        batch.push_back(chaos.change());
        chaos.remember(batch.back());
      }
      follower.follow(grown.apply(batch));
      if (step % 5) continue;
      ObjectChanges all;
      for (const auto& [key, object] : chaos.objects()) {
        all.push_back({key.first, key.second, object});
      }
      Translator made(settings());
      (void)made.apply(all);
      expect_same(grown, made, seed, step);
      ASSERT_EQ(difference(follower.sites, grown.sites()), "");
      ASSERT_EQ(difference(follower.services, grown.services()), "");
      Findings findings = grown.findings();
      ASSERT_EQ(Findings(follower.findings.begin(), follower.findings.end()), findings);
      if (HasFatalFailure()) return;
    }
  }
}

// What the file says of unknown names stays; where it says nothing a site "*" of the cluster counts
// as one of the file.
TEST(Translator, UnknownNamesAreMetAsTheFileSays) {
  Object everything;
  everything.name = {"ns0", "all"};
  Ingress body;
  body.class_name = "nginx";
  body.default_backend = IngressBackend{"service0", "", 80, ""};
  everything.body = body;
  ObjectPtr object = std::make_shared<const Object>(std::move(everything));
  ObjectPtr secret = TestPki::secret({"ns0", "secret0"}, "tls:a.example.com");
  Translator with(settings()), without(settings());
  (void)with.apply({{Kind::Ingress, object->name, object}, {Kind::Secret, secret->name, secret}});
  ASSERT_TRUE(with.default_on_https());
  ASSERT_FALSE(without.default_on_https());
  Place written;
  written.line = 3;
  struct Row {
    const Translator& translator;
    UnknownSni of_the_file;
    bool given;
    UnknownSni expected;
  };
  for (const Row& row : {Row{with, UnknownSni::Refuse, false, UnknownSni::Default},
                         Row{with, UnknownSni::Refuse, true, UnknownSni::Refuse},
                         Row{with, UnknownSni::Default, true, UnknownSni::Default},
                         Row{without, UnknownSni::Refuse, false, UnknownSni::Refuse},
                         Row{without, UnknownSni::Default, false, UnknownSni::Default},
                         Row{without, UnknownSni::Default, true, UnknownSni::Default}}) {
    Config base;
    ListenerConfig listener;
    listener.name = "https";
    listener.unknown_sni = row.of_the_file;
    if (row.given) listener.unknown_sni_place = written;
    base.listeners = {listener};
    Config config = row.translator.config(std::move(base));
    EXPECT_EQ(config.listeners[0].unknown_sni, row.expected)
        << (&row.translator == &with) << " " << row.given;
  }
}

Object ingress(int number, const std::string& secret) {
  Object object;
  object.name = {"ns0", "ingress" + std::to_string(number)};
  Ingress body;
  body.class_name = "nginx";
  IngressRule rule;
  rule.host = "h" + std::to_string(number) + ".example.com";
  IngressBackend backend;
  backend.service = "service" + std::to_string(number);
  backend.port = 80;
  rule.paths.push_back({"/", IngressPathType::Prefix, backend});
  body.tls.push_back({{rule.host}, secret});
  body.rules.push_back(rule);
  object.body = body;
  return object;
}

Object service(int number) {
  Object object;
  object.name = {"ns0", "service" + std::to_string(number)};
  Service body;
  ServicePort port;
  port.port = 80;
  body.ports = {port};
  object.body = body;
  return object;
}

Object slice(int number, int first) {
  Object object;
  object.name = {"ns0", "slice" + std::to_string(number)};
  EndpointSlice body;
  body.service = "service" + std::to_string(number);
  body.ports = {{"", "TCP", 8080}};
  body.endpoints.push_back({{"10.0.0." + std::to_string(first)}});
  body.endpoints.push_back({{"10.0.1." + std::to_string(first)}});
  object.body = body;
  return object;
}

ObjectChange change(Object object) {
  Kind kind = object.kind();
  ObjectName name = object.name;
  return {kind, name, std::make_shared<const Object>(std::move(object))};
}

TEST(Translator, CountsHostsThatCannotShowTheirCertificate) {
  using Counts = std::map<std::string, size_t>;
  Translator translator(settings());
  auto has_secret = [&](const char* what) {
    ObjectPtr secret = what ? TestPki::secret({"ns0", "shop"}, what) : nullptr;
    translator.apply({{Kind::Secret, {"ns0", "shop"}, secret}});
  };
  translator.apply({change(ingress(1, "shop")), change(ingress(2, "shop")), change(service(1))});
  EXPECT_EQ(translator.fallbacks(), (Counts{{"missing-secret", 2}}));
  has_secret("junk");
  EXPECT_EQ(translator.fallbacks(), (Counts{{"bad-secret", 2}}));
  has_secret("tls:*.example.com");
  EXPECT_EQ(translator.fallbacks(), Counts{});
  has_secret(nullptr);
  EXPECT_EQ(translator.fallbacks(), (Counts{{"missing-secret", 2}}));
  translator.apply({{Kind::Ingress, ingress(2, "").name, nullptr}});
  EXPECT_EQ(translator.fallbacks(), (Counts{{"missing-secret", 1}}));
}

// One change costs its host, and not the cluster: what comes of it is that host's.
TEST(Translator, OneChangeAmongManyConcernsItsHostOnly) {
  constexpr int kHosts = 2000;
  ObjectChanges all;
  for (int i = 0; i < kHosts; ++i) {
    std::string secret = "secret" + std::to_string(i);
    all.push_back(change(ingress(i, secret)));
    all.push_back(change(service(i)));
    all.push_back(change(slice(i, 1)));
    all.push_back({Kind::Secret, {"ns0", secret},
                   TestPki::secret({"ns0", secret}, "tls:*.example.com")});
  }
  Translator translator(settings());
  Delta delta = translator.apply(all);
  EXPECT_EQ(delta.sites.size(), static_cast<size_t>(kHosts) + 1);  // and the one for the rest
  EXPECT_EQ(delta.services.size(), static_cast<size_t>(kHosts));

  Delta endpoints = translator.apply({change(slice(7, 9))});
  EXPECT_EQ(endpoints.services.size(), 1u);
  EXPECT_TRUE(endpoints.sites.empty());
  Delta paths = translator.apply({change(ingress(7, "secret8"))});
  EXPECT_EQ(paths.sites.size(), 1u);
  Delta secrets = translator.apply(
      {{Kind::Secret, {"ns0", "secret9"},
        TestPki::secret({"ns0", "secret9"}, "tls:h9.example.com")}});
  EXPECT_EQ(secrets.secrets.size(), 1u);
  EXPECT_TRUE(secrets.sites.empty());
}

}  // namespace
}  // namespace sallyport::kube
