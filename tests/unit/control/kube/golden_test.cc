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
#include "control/kube/annotation_table.h"
#include "control/kube/config_keys.h"
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

// The rows of the research on ingress-nginx that are no annotation and no key of its ConfigMap:
// what a Secret holds, and which certificate a host gets.
struct Row {
  const char* row;
  const char* file;
};
constexpr Row kSecretRows[] = {
    {"tls.crt and tls.key: server certificate", "1_2_certificate_and_key"},
    {"tls.crt and tls.key: backend client certificate", "1_4_proxy_ssl_secret"},
    {"that do not fit together", "1_2_key_that_does_not_fit"},
    {"with ca.crt", "1_2_certificate_key_and_ca"},
    {"ca.crt alone: authority of clients", "1_3_auth_tls_secret"},
    {"ca.crt alone: authority of backends", "1_4_proxy_ssl_verify"},
    {"ca.crl with ca.crt", "1_2_authority_with_revocations"},
    {"a bad ca.crl", "1_2_revocations_that_are_none"},
    {"auth: no TLS", "1_6_auth_basic_locks"},
    {"no usable key", "1_2_junk_in_a_secret"},
    {"no ca.crt for auth-tls-secret", "1_2_auth_tls_secret_without_ca"},
    {"the entry of tls that has the host", "1_2_certificate_and_key"},
    {"any Secret of tls that covers the host", "1_2_any_secret_of_tls_that_covers_the_host"},
    {"tls without secretName", "1_2_tls_without_secret_name"},
    {"Secret missing", "1_2_missing_secret_with_default"},
    {"Secret missing, no default certificate", "1_2_missing_secret_without_default"},
    {"Secret without keypair", "1_2_secret_without_key_pair"},
    {"SAN and CN do not cover the host", "1_2_secret_that_does_not_cover_the_host"},
    {"certificate expired", "1_2_expired_certificate"},
    {"no tls", "1_2_no_tls_section"},
    {"no tls, no default certificate", "1_2_no_tls_section_without_default"},
    {"unknown SNI", "1_2_unknown_names_get_the_default_certificate"},
    {"unknown SNI, ssl-reject-handshake", "1_5_config_ssl_reject_handshake"},
    {"SNI lookup: wildcards", "1_2_wildcard_host"},
    {"one Secret of several Ingresses", "1_2_one_secret_for_several_ingresses"},
};

std::string inputs() {
  std::string all;
  for (const fs::path& file : files()) {
    std::string text = content(file);
    all += text.substr(0, text.find(kSeparator));
  }
  return all;
}

TEST(KubeGoldenFiles, ThereIsOneForEachRow) {
  for (const Row& row : kSecretRows) {
    std::string name = row.file + std::string(".txt");
    fs::path file = fs::path(SALLYPORT_SOURCE_DIR) / "tests/golden/kube" / name;
    EXPECT_TRUE(fs::exists(file)) << row.row;
  }
  const std::string all = inputs();
  auto written = [&](const std::string& key, const std::string& end) {
    return all.find(key + end) != std::string::npos;
  };
  for (const AnnotationRow& row : annotation_rows()) {
    std::string name = row.name;
    bool several = name.ends_with('*');
    if (several) name.pop_back();
    bool there = false;
    for (const char* prefix : {"nginx.ingress.kubernetes.io/", "sallyport.dev/"}) {
      there = there || written(prefix + name, several ? "" : ":");
    }
    EXPECT_TRUE(there) << "no golden file has the annotation " << row.name;
  }
  for (const ConfigKeyRow& row : config_key_rows()) {
    std::string name = row.name;
    bool several = name.ends_with('*');
    if (several) name.pop_back();
    bool there = false;
    for (const char* before : {"  ", "{", ", "}) {
      there = there || written(before + name, several ? "" : ":");
    }
    EXPECT_TRUE(there) << "no golden file has the key " << row.name;
  }
}

// What the research lists, by the names of ingress-nginx: sections 1.3, 1.4 and 1.5.
TEST(KubeGoldenFiles, EachAnnotationAndKeyOfTheResearchIsARow) {
  for (const char* name :
       {"auth-tls-secret", "auth-tls-verify-client", "auth-tls-verify-depth", "auth-tls-error-page",
        "auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn", "backend-protocol",
        "proxy-ssl-secret", "proxy-ssl-verify", "proxy-ssl-verify-depth", "proxy-ssl-name",
        "proxy-ssl-server-name", "proxy-ssl-protocols", "proxy-ssl-ciphers", "ssl-redirect",
        "force-ssl-redirect", "preserve-trailing-slash", "ssl-passthrough", "ssl-ciphers",
        "ssl-prefer-server-ciphers", "from-to-www-redirect", "use-port-in-redirects",
        "relative-redirects", "rewrite-target", "app-root", "proxy-body-size",
        "proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout",
        "whitelist-source-range", "denylist-source-range", "permanent-redirect",
        "temporal-redirect", "server-alias", "upstream-vhost", "custom-headers",
        "x-forwarded-prefix", "affinity"}) {
    EXPECT_TRUE(find_row(name)) << name;
  }
  auto known = [](std::string_view name) {
    return std::ranges::any_of(config_key_rows(), [&](const ConfigKeyRow& row) {
      std::string_view row_name = row.name;
      bool several = row_name.ends_with('*');
      return several ? name.starts_with(row_name.substr(0, row_name.size() - 1))
                     : name == row_name;
    });
  };
  for (const char* name :
       {"ssl-protocols", "ssl-ciphers", "ssl-ecdh-curve", "ssl-dh-param", "ssl-early-data",
        "ssl-session-cache", "ssl-session-cache-size", "ssl-session-timeout",
        "ssl-session-tickets", "ssl-session-ticket-key", "ssl-buffer-size",
        "ssl-reject-handshake", "ssl-redirect", "force-ssl-redirect", "http-redirect-code",
        "no-tls-redirect-locations", "hsts", "hsts-max-age", "hsts-include-subdomains",
        "hsts-preload", "enable-ocsp", "use-http2", "http2-max-concurrent-streams",
        "use-proxy-protocol", "proxy-protocol-header-timeout", "proxy-real-ip-cidr",
        "enable-real-ip", "use-forwarded-headers", "compute-full-forwarded-for",
        "forwarded-for-header", "forwarded-for-proxy-protocol-header",
        "allow-cross-namespace-resources", "annotations-risk-level",
        "annotation-value-word-blocklist", "allow-snippet-annotations",
        "strict-validate-path-type", "proxy-ssl-location-only", "global-auth-url", "keep-alive",
        "keep-alive-requests", "upstream-keepalive-connections", "worker-shutdown-timeout",
        "worker-processes", "enable-serial-reloads", "limit-req-status-code",
        "limit-conn-status-code", "denylist-source-range", "whitelist-source-range",
        "block-cidrs", "block-user-agents", "block-referers"}) {
    EXPECT_TRUE(known(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Kube, KubeGolden, testing::ValuesIn(files()), name_of);

}  // namespace
}  // namespace sallyport::kube
