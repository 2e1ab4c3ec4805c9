#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "control/kube/access.h"
#include "control/kube/base64.h"
#include "control/kube/exec_credential.h"

namespace sallyport::kube {
namespace {

std::string file(const std::string& cluster, const std::string& user,
                 const std::string& context = "{cluster: c, user: u, namespace: edge}") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n"
         "- {name: other, cluster: {server: \"https://192.0.2.1\"}}\n"
         "- {name: c, cluster: {" + cluster + "}}\nusers:\n- {name: u, user: {" + user +
         "}}\ncontexts:\n- {name: test, context: " + context + "}\n";
}

const std::string kServer = "server: \"https://10.0.0.1:6443/\"";

TEST(Kubeconfig, DataTokenAndNamespace) {
  std::string ca = "certificate-authority-data: \"" + base64_encode("the CA") + "\"";
  auto access = read_kubeconfig(file(kServer + ", tls-server-name: kube.test, " + ca, "token: t0"),
                                "/etc/k/config", "");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca, "the CA");
  EXPECT_EQ(access->tls_server_name, "kube.test");
  EXPECT_EQ(access->token, "t0");
  EXPECT_EQ(access->space, "edge");
  EXPECT_TRUE(access->remarks.empty());
}

TEST(Kubeconfig, FilesBeginInItsFolder) {
  auto folder = std::filesystem::temp_directory_path() / "sallyport-kubeconfig-test";
  std::filesystem::create_directories(folder);
  for (const char* name : {"ca.pem", "me.crt", "me.key"}) std::ofstream(folder / name) << name;
  auto access = read_kubeconfig(
      file(kServer + ", certificate-authority: ca.pem",
           "client-certificate: me.crt, client-key: " + (folder / "me.key").string() +
               ", tokenFile: token"),
      (folder / "config").string(), "");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->ca, "ca.pem");
  EXPECT_EQ(access->client_crt, "me.crt");
  EXPECT_EQ(access->client_key, "me.key");
  EXPECT_EQ(access->token_file, (folder / "token").string());
  std::filesystem::remove_all(folder);
}

TEST(Kubeconfig, DataWinsOverAFile) {
  auto access = read_kubeconfig(
      file(kServer + ", certificate-authority: /nowhere, certificate-authority-data: " +
               base64_encode("data"), "token: t"), "config", "");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->ca, "data");
}

TEST(Kubeconfig, AProxyIsRemarked) {
  auto access = read_kubeconfig(file(kServer + ", proxy-url: \"http://p\"", "token: t"), "f", "");
  ASSERT_TRUE(access);
  ASSERT_EQ(access->remarks.size(), 1u);
  EXPECT_NE(access->remarks[0].find("proxy-url"), std::string::npos);
}

TEST(Kubeconfig, AnotherContext) {
  auto access = read_kubeconfig(file(kServer, "token: t"), "f", "missing");
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().message, "f: no context \"missing\" in contexts");
}

TEST(Kubeconfig, ExecPlugins) {
  auto access = read_kubeconfig(
      file(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, "
                    "args: [\"-c\", prod], env: [{name: A, value: b}], provideClusterInfo: true}"),
      "/etc/k/config", "");
  ASSERT_TRUE(access) << access.error().message;
  ASSERT_TRUE(access->exec);
  EXPECT_EQ(access->exec->command, "/etc/k/./get-token");
  EXPECT_EQ(access->exec->arguments, (std::vector<std::string>{"-c", "prod"}));
  ASSERT_EQ(access->exec->environment.size(), 1u);
  EXPECT_TRUE(access->exec->cluster_info);
}

struct Refused {
  const char* cluster;
  const char* user;
  const char* words;
};

class KubeconfigRefused : public testing::TestWithParam<Refused> {};

TEST_P(KubeconfigRefused, SaysWhy) {
  std::string cluster = *GetParam().cluster ? GetParam().cluster : kServer;
  auto access = read_kubeconfig(file(cluster, GetParam().user), "config", "");
  ASSERT_FALSE(access);
  EXPECT_NE(access.error().message.find(GetParam().words), std::string::npos)
      << access.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, KubeconfigRefused,
    testing::Values(
        Refused{"server: \"http://10.0.0.1\"", "token: t", "must begin with https://"},
        Refused{"server: \"https://\"", "token: t", "must begin with https://"},
        Refused{"", "username: a, password: b", "user.username"},
        Refused{"", "auth-provider: {name: gcp}", "user.auth-provider"},
        Refused{"", "as: root", "impersonation"},
        Refused{"", "client-certificate-data: YQ==", "without a client-key"},
        Refused{"", "client-certificate: /no/such/file", "No such file"},
        Refused{"server: \"https://a\", certificate-authority-data: \"***\"", "token: t",
                "is not base64"},
        Refused{"server: \"https://a\", insecure-skip-tls-verify: true", "token: t",
                "insecure-skip-tls-verify"},
        Refused{"", "exec: {apiVersion: client.authentication.k8s.io/v1}", "no command"},
        Refused{"", "exec: {apiVersion: x/v9, command: c}", "x/v9"},
        Refused{"", "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, "
                    "interactiveMode: Always}", "nobody is there"}));

TEST(Kubeconfig, NotYaml) {
  EXPECT_FALSE(read_kubeconfig("a: [", "f", ""));
  EXPECT_FALSE(read_kubeconfig("", "f", ""));
  EXPECT_FALSE(read_kubeconfig("[]", "f", ""));
}

TEST(InCluster, NeedsItsVariablesAndFiles) {
  auto folder = std::filesystem::temp_directory_path() / "sallyport-in-cluster-test";
  std::filesystem::create_directories(folder);
  Environment environment = {{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                             {"KUBERNETES_SERVICE_PORT", "443"}};
  EXPECT_FALSE(in_cluster_access({}, folder));
  EXPECT_FALSE(in_cluster_access(environment, folder / "nowhere"));
  std::ofstream(folder / "ca.crt") << "ca";
  EXPECT_FALSE(in_cluster_access(environment, folder));
  std::ofstream(folder / "token") << "t\n";
  std::ofstream(folder / "namespace") << "edge";
  auto access = in_cluster_access(environment, folder);
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://[fd00::1]:443");
  EXPECT_EQ(access->token_file, folder / "token");
  EXPECT_EQ(access->space, "edge");
  std::filesystem::remove_all(folder);
}

TEST(ExecCredential, SaysATokenOrACertificate) {
  constexpr const char* kV1 = "client.authentication.k8s.io/v1";
  auto text = [](const std::string& status) {
    return R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":)" +
           status + "}";
  };
  auto token = parse_exec_credential(
      text(R"({"token":"t","expirationTimestamp":"1970-01-02T00:00:00Z"})"), kV1);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token, "t");
  EXPECT_EQ(token->expires, 86400);
  EXPECT_TRUE(parse_exec_credential(
      text(R"({"clientCertificateData":"c","clientKeyData":"k"})"), kV1));
  for (const char* bad : {"{}", R"({"clientCertificateData":"c"})", R"({"token":7})", "null"}) {
    EXPECT_FALSE(parse_exec_credential(text(bad), kV1)) << bad;
  }
  EXPECT_FALSE(parse_exec_credential(text(R"({"token":"t"})"), "other/v1"));
  EXPECT_FALSE(parse_exec_credential("nonsense", kV1));
}

TEST(ExecCredential, RunsTheProgram) {
  Access access;
  access.server = "https://a";
  access.exec = ExecPlugin{"sh", {"-c", "printf '%s' \"$OUT\"; printf '%s' \"$KUBERNETES_EXEC_INFO"
                                        "\" | grep -q '\"server\":\"https://a\"'"},
                           {{"OUT", R"({"kind":"ExecCredential","status":{"token":"t"},)"
                                    R"("apiVersion":"client.authentication.k8s.io/v1"})"}},
                           "client.authentication.k8s.io/v1", true};
  auto credential = run_exec_plugin(access, Millis(10'000));
  ASSERT_TRUE(credential) << credential.error().message;
  EXPECT_EQ(credential->token, "t");

  access.exec->arguments = {"-c", "exit 3"};
  auto failed = run_exec_plugin(access, Millis(10'000));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "sh: ended with 3");
  access.exec->arguments = {"-c", "sleep 60"};
  EXPECT_FALSE(run_exec_plugin(access, Millis(50)));
  access.exec->command = "/no/such/program";
  EXPECT_FALSE(run_exec_plugin(access, Millis(1'000)));
}

}  // namespace
}  // namespace sallyport::kube
