// Each file of tests/golden/kube is a cluster, a line of dashes, and what becomes of it: findings,
// the Ingresses that are served, and the model as JSON. Lines with "#!" make Secrets and settings:
//   #! secret shop/cert tls:a.example.com+ca
//   #! service shop/web 80=8080 10.0.0.1 10.0.0.2
//   #! settings compat ssl_passthrough classes=nginx default_certificate=shop/cert config_map=…
// With SALLYPORT_UPDATE_GOLDEN=1 the second half is written anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/config_json.h"
#include "control/file/yaml_reader.h"
#include "control/kube/annotation_reader.h"
#include "control/kube/manifests.h"
#include "control/kube/translator.h"
#include "tests/unit/control/kube/cluster.h"

namespace sallyport::kube {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSeparator = "----------\n";

std::vector<fs::path> files() {
  std::vector<fs::path> files;
  fs::path folder = fs::path(SALLYPORT_SOURCE_DIR) / "tests/golden/kube";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ObjectName object_name(const std::string& text) {
  size_t slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

struct Cluster {
  TranslateSettings settings;
  Manifests manifests;
};

void apply_setting(const std::string& word, TranslateSettings& settings) {
  auto value = [&](const char* key) -> std::string {
    std::string prefix = std::string(key) + "=";
    return word.starts_with(prefix) ? word.substr(prefix.size()) : "";
  };
  if (word == "compat") {
    settings.compat = true;
  } else if (word == "ssl_passthrough") {
    settings.ssl_passthrough = true;
  } else if (word == "require_backend_verification") {
    settings.require_backend_verification = true;
  } else if (word == "http_only") {
    settings.https_listeners.clear();
  } else if (std::string classes = value("classes"); !classes.empty()) {
    settings.ingress_classes = split_words(classes, ',');
  } else if (std::string names = value("namespaces"); !names.empty()) {
    settings.namespaces = split_words(names, ',');
  } else if (std::string name = value("default_certificate"); !name.empty()) {
    settings.default_certificate = object_name(name);
  } else if (std::string map = value("config_map"); !map.empty()) {
    settings.config_map = object_name(map);
  } else {
    ADD_FAILURE() << "unknown setting " << word;
  }
}

// "80=8080", and addresses.
void add_service(const std::vector<std::string>& words, Manifests& manifests) {
  Object service, slice;
  service.name = slice.name = object_name(words.at(1));
  Service body;
  ServicePort port;
  port.name = "http";
  size_t equals = words.at(2).find('=');
  port.port = static_cast<uint16_t>(std::stoi(words[2].substr(0, equals)));
  body.ports = {port};
  service.body = body;
  EndpointSlice endpoints;
  endpoints.service = service.name.name;
  auto target = static_cast<uint16_t>(std::stoi(words[2].substr(equals + 1)));
  endpoints.ports = {{"http", "TCP", target}};
  for (size_t i = 3; i < words.size(); ++i) endpoints.endpoints.push_back({{words[i]}});
  slice.body = endpoints;
  manifests.objects.push_back(std::make_shared<const Object>(std::move(service)));
  manifests.objects.push_back(std::make_shared<const Object>(std::move(slice)));
}

Cluster read(const std::string& text) {
  Cluster cluster;
  cluster.settings.http_listeners = {"http"};
  cluster.settings.https_listeners = {"https"};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#! ")) continue;
    std::vector<std::string> words = split_words(line.substr(3), ' ');
    if (words.at(0) == "secret") {
      cluster.manifests.objects.push_back(TestPki::secret(object_name(words.at(1)), words.at(2)));
    } else if (words.at(0) == "service") {
      add_service(words, cluster.manifests);
    } else {
      for (size_t i = 1; i < words.size(); ++i) apply_setting(words[i], cluster.settings);
    }
  }
  read_manifest(text, "cluster.yaml", cluster.manifests);
  return cluster;
}

Config base() {
  Config base;
  for (auto [name, port, protocol] :
       {std::tuple{"http", 80, Protocol::Http}, std::tuple{"https", 443, Protocol::Https}}) {
    ListenerConfig listener;
    listener.name = name;
    listener.address = *Address::parse_ip("::", static_cast<uint16_t>(port));
    listener.any = true;
    listener.protocol = protocol;
    base.listeners.push_back(listener);
  }
  return base;
}

Translator translated(const Cluster& cluster) {
  Translator translator(cluster.settings);
  (void)translator.apply(changes_between({}, cluster.manifests.objects));
  return translator;
}

std::string outcome(const Cluster& cluster) {
  std::string out;
  for (const Problem& problem : cluster.manifests.problems) out += problem.text() + "\n";
  Translator translator = translated(cluster);
  for (const Finding& finding : translator.findings()) {
    out += "[" + finding.code + (finding.less_secure ? ", less secure" : "") + "] " +
           finding.text() + "\n";
  }
  out += "served:";
  for (const ObjectName& name : translator.served()) out += " " + name.text();
  std::string json = to_json(translator.config(base()));
  return out + "\n" + json.substr(json.find("  \"sites\""));
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem();
  std::replace_if(name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
  return name;
}

class KubeGolden : public testing::TestWithParam<fs::path> {};

TEST_P(KubeGolden, HasTheExpectedOutcome) {
  std::string text = content(GetParam());
  size_t at = text.find(kSeparator);
  ASSERT_NE(at, std::string::npos) << "no line of dashes";
  std::string input = text.substr(0, at);
  std::string actual = outcome(read(input));
  const char* update = std::getenv("SALLYPORT_UPDATE_GOLDEN");
  if (update && std::string(update) == "1") {
    std::ofstream(GetParam(), std::ios::binary) << input << kSeparator << actual;
    return;
  }
  EXPECT_EQ(actual, text.substr(at + std::string(kSeparator).size()));
}

// What translation makes is what the configuration file's rules allow, but for what only a cluster
// has: services without endpoints, plain ones beside ones with TLS on one host, and what backends
// are told where client certificates are switched off.
TEST_P(KubeGolden, MakesAConfigurationThatIsValid) {
  std::string text = content(GetParam());
  Config config = translated(read(text.substr(0, text.find(kSeparator)))).config(base());
  if (config.sites.empty()) return;
  EndpointConfig endpoint;
  endpoint.host = "192.0.2.1";
  endpoint.port = 1;
  std::set<std::string> secure;
  for (size_t i = 0; i < config.services.size(); ++i) {
    ServiceConfig service = config.services[i];
    if (service.endpoints.empty()) service.endpoints = {endpoint};
    if (service.tls) secure.insert(service.name);
    config.services.replace(i, std::make_shared<const ServiceConfig>(service));
  }
  for (const SiteConfig& site : config.sites) {
    bool any_tls = std::any_of(site.routes.begin(), site.routes.end(), [&](const auto& route) {
      return secure.count(route.service) > 0;
    });
    if (any_tls && site.scenario == Scenario::Offload) return;
  }
  for (size_t i = 0; i < config.sites.size(); ++i) {
    SiteConfig site = config.sites[i];
    for (RouteConfig& route : site.routes) {
      std::erase_if(route.request_headers,
                    [](const FieldConfig& field) { return field.name == "ssl-client-verify"; });
    }
    config.sites.replace(i, std::make_shared<const SiteConfig>(site));
  }
  for (size_t i = 0; i < config.secrets.size(); ++i) {
    SecretConfig secret = config.secrets[i];
    secret.directory = "/secrets/" + secret.name;
    config.secrets.replace(i, std::make_shared<const SecretConfig>(secret));
  }
  std::string json = to_json(config);
  ReadResult again = read_config(json, "again.yaml");
  std::string problems;
  for (const Problem& problem : again.problems) problems += problem.text() + "\n";
  EXPECT_TRUE(again.config) << problems << json;
}

INSTANTIATE_TEST_SUITE_P(Kube, KubeGolden, testing::ValuesIn(files()), name_of);

}  // namespace
}  // namespace sallyport::kube
