#include "control/explain.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "control/file/yaml_reader.h"
#include "control/pki/certificate_authority.h"

namespace sallyport {
namespace {

constexpr std::chrono::hours kDay{24};

const char* kConfig = R"(secrets_directory: /srv
listeners:
  - {name: http, address: "127.0.0.1:80", protocol: http}
  - {name: https, address: "127.0.0.1:443", protocol: https}
  - {name: other, address: "127.0.0.1:444", protocol: https}
sites:
  - host: shop.example
    scenario: offload
    secret: shop
    routes:
      - {path: /, service: ["10.0.0.1:80"]}
      - {path: /files, service: ["10.0.0.2:80"]}
      - {path: /files/old, service: ["10.0.0.3:80"]}
      - {path: /files/old, path_type: Exact, service: ["10.0.0.4:80"]}
      - {path: /.well-known/acme-challenge, service: ["10.0.0.5:80"]}
  - host: bank.example
    scenario: offload
    secret: shop
    client_auth: {secret: shop}
    redirect_http: false
    routes: [{path: /in, service: ["10.0.0.6:80"]}]
  - {host: plain.example, listeners: [http], scenario: offload, service: ["10.0.0.7:80"]}
  - {host: vault.example, scenario: passthrough, service: ["10.0.0.8:80"]}
  - host: "*.wild.example"
    listeners: [other]
    scenario: offload
    secret: [shop, rsa]
    service: ["10.0.0.9:80"]
  - {host: "*", listeners: [other], scenario: offload, secret: shop, service: ["10.0.0.9:80"]}
)";

std::shared_ptr<const Snapshot> snapshot_of(const std::string& yaml) {
  ReadResult read = read_config(yaml, "edge.yaml");
  EXPECT_TRUE(read.config) << read.problems[0].text();
  auto authority = CertificateAuthority::make({"CA", KeyType::EcdsaP256, {.duration = 2 * kDay}});
  EXPECT_TRUE(authority);
  IssueRequest request;
  request.names = {"shop.example", {"shop.example", "bank.example", "*.wild.example"}, {}};
  request.validity.duration = kDay;
  Materials materials;
  for (KeyType key : {KeyType::EcdsaP256, KeyType::Rsa2048}) {
    request.key = key;
    auto issued = authority->issue(request);
    EXPECT_TRUE(issued);
    SecretData secret;
    secret.tls_crt = issued->tls_crt;
    secret.tls_key = issued->tls_key.view();
    secret.ca_crt = issued->ca_crt;
    materials.put(key == KeyType::Rsa2048 ? "rsa" : "shop", std::move(secret));
  }
  Problems problems;
  auto snapshot = SnapshotBuilder(1).build(*read.config, materials, problems);
  EXPECT_TRUE(snapshot) << problems[0].text();
  return snapshot;
}

class Explain : public testing::Test {
 protected:
  static void SetUpTestSuite() { snapshot_ = snapshot_of(kConfig); }
  static void TearDownTestSuite() { snapshot_.reset(); }

  // What is said about one listener.
  static std::string on(const std::string& listener, const std::string& host,
                        const std::string& path) {
    std::string all = explanation(*snapshot_, host, path);
    size_t begin = all.find("listener " + listener + " ");
    EXPECT_NE(begin, std::string::npos) << all;
    return all.substr(begin, all.find("listener ", begin + 1) - begin);
  }

  static std::shared_ptr<const Snapshot> snapshot_;
};
std::shared_ptr<const Snapshot> Explain::snapshot_;

struct Case {
  const char* listener;
  const char* host;
  const char* path;
  const char* said;
};

TEST_F(Explain, SaysWhatARequestMeets) {
  const Case kCases[] = {
      {"https", "shop.example", "/", "route:     / (Prefix, edge.yaml:11:9): no longer Prefix"},
      {"https", "Shop.Example.", "/filesystem", "endpoint:  10.0.0.1:80\n"},
      {"https", "shop.example", "/files/a?b", "/files (Prefix, edge.yaml:12:9): the longest"},
      {"https", "shop.example", "/files/old", "/files/old (Exact, edge.yaml:14:9): it is this"},
      {"https", "shop.example", "/files/old/", "route:     /files/old (Prefix, edge.yaml:13:9)"},
      {"https", "shop.example", "/a/..//files/%6fld",
       "path:      /a/..//files/%6fld is /files/old\n"},
      {"https", "shop.example", "/../a", "answer:    400: a path that leads above its root\n"},
      {"https", "shop.example", "/", "certificate: of secret shop, covers shop.example"},
      {"https", "shop.example", "/",
       "covers shop.example, bank.example, *.wild.example: the name "
       "itself\n"},
      {"https", "vault.example", "/", "certificate: the backend's own"},
      {"other", "a.wild.example", "/", "a wildcard covers the name's first label\n"},
      {"other", "a.wild.example", "/",
       "of secret shop, covers shop.example, bank.example, "
       "*.wild.example: the name by *.wild.example; its key is for "
       "ECDSA: for clients that take it\n"},
      {"other", "a.wild.example", "/",
       "of secret rsa, covers shop.example, bank.example, "
       "*.wild.example: the name by *.wild.example; its key is "
       "RSA: for clients that take no ECDSA\n"},
      {"other", "nobody.example", "/", "no other site has the name, and \"*\" takes the rest\n"},
      {"other", "nobody.example", "/", "*.wild.example: not this name, which the site shows it to"},
      {"https", "bank.example", "/out", "answer:    404: no route of the site covers /out\n"},
      {"https", "bank.example", "/in", "(Prefix, edge.yaml:21:14): the site's only route\n"},
      {"https", "bank.example", "/in",
       "client certificate: required, trusted by ca.crt of secret "
       "shop; if it fails, the answer is 400\n"},
      {"https", "vault.example", "/in", "endpoint:  10.0.0.8:80\n"},
      {"https", "plain.example", "/", "unrecognized_name: no site has the name on this listener\n"},
      {"http", "shop.example", "/files", "answer:    308 to https: "},
      {"http", "shop.example", "/.well-known/acme-challenge/x", "endpoint:  10.0.0.5:80\n"},
      {"http", "bank.example", "/in", "answer:    403: "},
      {"http", "plain.example", "/in", "endpoint:  10.0.0.7:80\n"},
      {"http", "vault.example", "/in", "answer:    404: no site has the name on this listener\n"},
  };
  for (const Case& c : kCases) {
    std::string said = on(c.listener, c.host, c.path);
    EXPECT_NE(said.find(c.said), std::string::npos) << c.host << c.path << "\n" << said;
  }
}

// A redirect or a refusal is not followed by where the request would have gone.
TEST_F(Explain, NamesNoServiceWhereNoneIsMet) {
  EXPECT_EQ(on("http", "shop.example", "/").find("service:"), std::string::npos);
  EXPECT_EQ(on("http", "bank.example", "/in").find("service:"), std::string::npos);
  EXPECT_EQ(on("https", "bank.example", "/out").find("service:"), std::string::npos);
}

}  // namespace
}  // namespace sallyport
