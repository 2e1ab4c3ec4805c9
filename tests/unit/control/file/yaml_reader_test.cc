#include "control/file/yaml_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/config_rules.h"

namespace sallyport {
namespace {

const std::string kSource = SALLYPORT_SOURCE_DIR;

TEST(YamlReader, SeesRelativePathsFromTheFilesFolder) {
  const char* text =
      "secrets_directory: secrets\n"
      "access_log: {path: logs/access.log}\n"
      "admin: {address: \"unix:admin.sock\"}\n"
      "listeners: [{address: \":443\", protocol: tls}]\n"
      "sites:\n"
      "  - {host: a.example, scenario: offload, secret: [a, b], service: [\"127.0.0.1:1\"]}\n"
      "secrets: [{name: b, tls.crt: b.crt, tls.key: /srv/b.key}]\n";
  ReadResult read = read_config(text, "/etc/sallyport/edge.yaml");
  ASSERT_TRUE(read.config) << read.problems[0].text();
  EXPECT_EQ(read.config->access_log.path, "/etc/sallyport/logs/access.log");
  EXPECT_EQ(read.config->admin.unix_path, "/etc/sallyport/admin.sock");
  ASSERT_EQ(read.config->secrets.size(), 2u);
  EXPECT_EQ(read.config->secrets[0].directory, "/etc/sallyport/secrets/a");
  EXPECT_EQ(read.config->secrets[1].tls_crt, "/etc/sallyport/b.crt");
  EXPECT_EQ(read.config->secrets[1].tls_key, "/srv/b.key");
}

TEST(YamlReader, TellsEveryPartOfAConfigWhereItIsWritten) {
  const char* text =
      "listeners:\n"
      "  - {address: \":443\", protocol: tls}\n"
      "sites:\n"
      "  - {host: a.ex, scenario: reencrypt, secret: s, service: b, client_auth: {secret: s}}\n"
      "services:\n"
      "  - {name: b, endpoints: [\"b:1\"], tls: {}}\n"
      "secrets: [{name: s, directory: /srv/s}]\n";
  ReadResult read = read_config(text, "edge.yaml");
  ASSERT_TRUE(read.config) << read.problems[0].text();
  auto where = [](const Place& place) { return place.text() + " " + place.path; };
  const Config& config = *read.config;
  EXPECT_EQ(where(config.listeners[0].place), "edge.yaml:2:5 listeners[0]");
  EXPECT_EQ(where(config.sites[0].place), "edge.yaml:4:5 sites[0]");
  EXPECT_EQ(where(config.sites[0].routes[0].place), "edge.yaml:4:59 sites[0].service");
  EXPECT_EQ(where(config.sites[0].client_auth.place), "edge.yaml:4:75 sites[0].client_auth");
  EXPECT_EQ(where(config.services[0].place), "edge.yaml:6:5 services[0]");
  EXPECT_EQ(where(config.services[0].endpoints[0].place),
            "edge.yaml:6:27 services[0].endpoints[0]");
  EXPECT_EQ(where(config.services[0].tls->place), "edge.yaml:6:40 services[0].tls");
  EXPECT_EQ(where(config.secrets[0].place), "edge.yaml:7:11 secrets[0]");
}

TEST(YamlReader, MovedLinesMakeTheSameConfig) {
  const char* text = "listeners: [{address: \":443\", protocol: tls}]\n";
  ReadResult one = read_config(text, "a.yaml");
  ReadResult other = read_config(std::string("# moved\n\n") + text, "b.yaml");
  ASSERT_TRUE(one.config && other.config);
  EXPECT_TRUE(*one.config == *other.config);
}

TEST(YamlReader, SaysWhyAFileCannotBeRead) {
  ReadResult missing = read_config_file("/nowhere/edge.yaml");
  EXPECT_FALSE(missing.config);
  ASSERT_EQ(missing.problems.size(), 1u);
  EXPECT_EQ(missing.problems[0].text(),
            "/nowhere/edge.yaml: cannot be read: No such file or directory");
  ReadResult folder = read_config_file(kSource);
  ASSERT_EQ(folder.problems.size(), 1u);
  EXPECT_EQ(folder.problems[0].text(), kSource + ": cannot be read: Is a directory");
}

// The reference says what the defaults are; this is what keeps it true.
TEST(YamlReader, ReferenceHasTheDefaults) {
  ReadResult read = read_config_file(kSource + "/conf/reference.yaml");
  ASSERT_TRUE(read.config) << read.problems[0].text();
  ReadResult bare = read_config("listeners: [{address: \":1\", protocol: tls}]", "edge.yaml");
  ASSERT_TRUE(bare.config) << bare.problems[0].text();
  EXPECT_EQ(read.config->workers, bare.config->workers);
  EXPECT_EQ(read.config->watch, bare.config->watch);
  EXPECT_TRUE(read.config->metrics == bare.config->metrics);
  EXPECT_TRUE(read.config->admin == bare.config->admin);
  EXPECT_TRUE(read.config->access_log == bare.config->access_log);
  EXPECT_EQ(read.config->drain_delay, bare.config->drain_delay);
  EXPECT_EQ(read.config->drain_timeout, bare.config->drain_timeout);
  EXPECT_TRUE(read.config->http == bare.config->http);
  EXPECT_TRUE(read.config->resolver == bare.config->resolver);
  EXPECT_TRUE(read.config->limits == bare.config->limits);
  EXPECT_TRUE(bare.config->limits == Limits{});
  EXPECT_TRUE(bare.config->http == HttpConfig{});
  EXPECT_TRUE(bare.config->resolver == ResolverConfig{});
}

TEST(YamlReader, StopsCountingProblemsAtAThousand) {
  std::string text = "listeners: [{address: \":443\", protocol: tls}]\n";
  for (int i = 0; i < 3000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  ReadResult read = read_config(text, "edge.yaml");
  EXPECT_FALSE(read.config);
  EXPECT_EQ(read.problems.size(), 1000u);
}

TEST(YamlReader, KeepsTheRulesOnTheFuzzersCorpus) {
  size_t files = 0;
  const std::string corpus = kSource + "/tests/fuzz/corpus/config";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    SCOPED_TRACE(entry.path());
    check_config(text);
    ++files;
  }
  EXPECT_GE(files, 20u);
}

}  // namespace
}  // namespace sallyport
