#include "control/snapshot_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "control/certificates_json.h"
#include "control/expiries.h"
#include "control/file/yaml_reader.h"
#include "control/pki/certificate_authority.h"
#include "control/pki/certificate_report.h"
#include "control/pki/revocation_list.h"

namespace sallyport {
namespace {

constexpr std::chrono::hours kDay{24};

const char* kConfig = R"(secrets_directory: /srv
listeners:
  - {name: https, address: "127.0.0.1:443", protocol: https}
sites:
  - {host: [shop.example, "*.shop.example"], scenario: offload, service: ["10.0.0.1:80"]}
  - host: bank.example
    scenario: reencrypt
    secret: shop.example
    client_auth: {verify: required, secret: partners}
    routes:
      - {path: /, service: bank}
      - {path: /gone, respond: 410}
  - {host: vault.example, scenario: passthrough, service: ["10.0.0.8:80"]}
services:
  - {name: bank, endpoints: ["bank.internal:8443", "[2001:db8::1]:8443"], tls: {secret: inner}}
)";

class SnapshotJson : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ReadResult read = read_config(kConfig, "edge.yaml");
    ASSERT_TRUE(read.config) << read.problems[0].text();
    auto authority =
        CertificateAuthority::make({"CA", KeyType::EcdsaP256, {.duration = 20 * kDay}});
    ASSERT_TRUE(authority);
    Materials materials;
    for (const char* name : {"shop.example", "partners", "inner"}) {
      IssueRequest request;
      request.names = {"", {"shop.example", "*.shop.example", "bank.example"}, {}};
      request.validity.duration = name[0] == 's' ? kDay : 2 * kDay;
      auto issued = authority->issue(request);
      ASSERT_TRUE(issued);
      SecretData secret;
      secret.tls_crt = issued->tls_crt;
      secret.tls_key = issued->tls_key.view();
      secret.ca_crt = issued->ca_crt;
      if (name[0] == 'p') {
        auto list = make_revocation_list(*authority, {}, 1, {.duration = 5 * kDay});
        ASSERT_TRUE(list);
        secret.ca_crl = *list;
      }
      materials.put(name, std::move(secret));
    }
    materials.addresses["bank.internal"] = {*Address::parse_ip("10.9.9.9", 0)};
    Problems problems;
    snapshot_ = SnapshotBuilder(1).build(*read.config, materials, problems);
    ASSERT_TRUE(snapshot_) << problems[0].text();
    secrets_ = materials.secrets;
  }
  static void TearDownTestSuite() {
    snapshot_.reset();
    secrets_ = {};
  }

  static std::string certificates(const ApiQuery& query) {
    return certificates_json(*snapshot_, secrets_, query);
  }

  static std::shared_ptr<const Snapshot> snapshot_;
  static SecretMap secrets_;
};
std::shared_ptr<const Snapshot> SnapshotJson::snapshot_;
SecretMap SnapshotJson::secrets_;

TEST_F(SnapshotJson, SaysWhatBecomesOfAHost) {
  EXPECT_EQ(sites_json(*snapshot_, {1000, "vault.example"}),
            R"({"total":1,"sites":[{"hosts":["vault.example"],"place":"edge.yaml:13:5",)"
            R"("listeners":["https"],"scenario":"passthrough","routes":[{"path":"/",)"
            R"("path_type":"Prefix","service":"vault.example"}]}]})"
            "\n");
  EXPECT_EQ(sites_json(*snapshot_, {1000, "bank.example"}),
            R"({"total":1,"sites":[{"hosts":["bank.example"],"place":"edge.yaml:6:5",)"
            R"("listeners":["https"],"scenario":"reencrypt","min_tls":"1.2",)"
            R"("certificates":[{"secret":"shop.example","key":"not RSA",)"
            R"("names":["shop.example","*.shop.example","bank.example"]}],)"
            R"("client_auth":{"verify":"required","secret":"partners","on_failure":"respond",)"
            R"("match":false},"routes":[{"path":"/","path_type":"Prefix","service":"bank"},)"
            R"({"path":"/gone","path_type":"Prefix","respond":410}]}]})"
            "\n");
  EXPECT_NE(sites_json(*snapshot_, {1000, "*.shop.example"}).find("{\"total\":1,"),
            std::string::npos);
  EXPECT_EQ(sites_json(*snapshot_, {1000, "a.shop.example"}), "{\"total\":0,\"sites\":[]}\n");
  EXPECT_EQ(sites_json(*snapshot_, {0, ""}), "{\"total\":3,\"sites\":[]}\n");
}

TEST_F(SnapshotJson, SaysWhereAServiceIsAndWhatItHasCarried) {
  std::vector<ServiceSample> traffic = {{"bank", {}}};
  traffic[0].totals.connects = 7;
  traffic[0].totals.requests[2] = 5;
  traffic[0].totals.requests[5] = 1;
  EXPECT_EQ(services_json(*snapshot_, traffic, {1000, "bank"}),
            R"({"total":1,"services":[{"name":"bank","place":"edge.yaml:15:5",)"
            R"("endpoints":["bank.internal:8443","[2001:db8::1]:8443"],)"
            R"("addresses":["10.9.9.9:8443","[2001:db8::1]:8443"],"protocol":"http1",)"
            R"("tls":{"verify":"full","secret":"inner"},"connects":7,"connect_failures":0,)"
            R"("reuses":0,"retries":0,"requests":6}]})"
            "\n");
}

TEST_F(SnapshotJson, SaysWhatASecretIsAndWhoUsesItButNotItsKey) {
  std::string all = certificates(ApiQuery{});
  EXPECT_EQ(all.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(all.find("BEGIN"), std::string::npos);
  EXPECT_NE(all.find("{\"total\":3,\"certificates\":[{\"secret\":\"inner\",\"chain\":[{"),
            std::string::npos)
      << all;

  std::string shop = certificates({1000, "shop.example"});
  auto chain = report_certificates((*secrets_.find("shop.example"))->tls_crt);
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_EQ(chain[0].fingerprint_sha256.size(), 64u);
  EXPECT_EQ(chain[0].key, "EC P-256");
  EXPECT_EQ(chain[0].issuer, "CN=CA");
  EXPECT_EQ(chain[0].names, (std::vector<std::string>{"DNS:shop.example", "DNS:*.shop.example",
                                                      "DNS:bank.example"}));
  for (const std::string& part :
       {std::string("\"state\":\"good\""), chain[0].fingerprint_sha256, chain[0].not_after,
        chain[0].serial, std::string("\"DNS:*.shop.example\""),
        std::string("\"used_by\":{\"sites\":[\"bank.example\",\"shop.example\"],"
                    "\"sites_for_clients\":[],\"services\":[]}")}) {
    EXPECT_NE(shop.find(part), std::string::npos) << part << "\n" << shop;
  }
  // By a host that shows it, too.
  EXPECT_EQ(certificates({1000, "bank.example"}), shop);

  std::string partners = certificates({1000, "partners"});
  for (const char* part : {"\"revocation_lists\":[{\"issuer\":\"CN=CA\"", "\"revoked\":0",
                           "\"sites_for_clients\":[\"bank.example\"]"}) {
    EXPECT_NE(partners.find(part), std::string::npos) << part << "\n" << partners;
  }
}

TEST_F(SnapshotJson, KnowsWhatExpiresFirst) {
  ExpiryMetrics found = expiries(*snapshot_);
  EXPECT_EQ(found.certificates_in_use, 2u);
  ASSERT_EQ(found.certificates.size(), 2u);
  EXPECT_EQ(found.certificates[0].secret, "shop.example");
  EXPECT_EQ(found.certificates[1].secret, "inner");
  EXPECT_EQ(found.certificates[1].at - found.certificates[0].at, 86'400);
  ASSERT_EQ(found.revocation_lists.size(), 1u);
  EXPECT_EQ(found.revocation_lists[0].secret, "partners");
  EXPECT_GT(found.revocation_lists[0].at, found.certificates[1].at);
}

TEST(CertificateReport, SaysNothingOfWhatIsNoCertificate) {
  EXPECT_TRUE(report_certificates("").empty());
  EXPECT_TRUE(report_certificates("no PEM").empty());
  EXPECT_TRUE(
      report_revocation_lists("-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n").empty());
}

}  // namespace
}  // namespace sallyport
