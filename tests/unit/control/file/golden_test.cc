// Each file of tests/golden/config is a configuration, a line of dashes, and what comes of it: the
// errors, or the Config as JSON. With SALLYPORT_UPDATE_GOLDEN=1 the second half is written anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "control/config_json.h"
#include "control/file/yaml_reader.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSeparator = "----------\n";
constexpr const char* kFileName = "edge.yaml";

std::vector<fs::path> files_in(const char* folder, const char* extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(SALLYPORT_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
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

std::string problems_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.text() + "\n";
  return text;
}

std::string outcome(const std::string& yaml) {
  ReadResult read = read_config(yaml, kFileName);
  EXPECT_NE(read.config.has_value(), !read.problems.empty());
  return read.config ? to_json(*read.config) : problems_text(read.problems);
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem();
  std::replace_if(name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
  return name;
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, HasTheExpectedOutcome) {
  std::string text = content(GetParam());
  size_t at = text.find(kSeparator);
  ASSERT_NE(at, std::string::npos) << "no line of dashes";
  std::string yaml = text.substr(0, at);
  std::string actual = outcome(yaml);
  const char* update = std::getenv("SALLYPORT_UPDATE_GOLDEN");
  if (update && std::string(update) == "1") {
    std::ofstream(GetParam(), std::ios::binary) << yaml << kSeparator << actual;
    return;
  }
  EXPECT_EQ(actual, text.substr(at + std::string(kSeparator).size()));
}

// What the API answers can be used as a configuration, and then means the same.
TEST_P(Golden, ReadsItsOwnJsonBackAsTheSame) {
  std::string text = content(GetParam());
  ReadResult read = read_config(text.substr(0, text.find(kSeparator)), kFileName);
  if (!read.config) return;
  std::string json = to_json(*read.config);
  ReadResult again = read_config(json, kFileName);
  ASSERT_TRUE(again.config) << problems_text(again.problems);
  EXPECT_EQ(to_json(*again.config), json);
  // Services written in place come back as declared ones, in the same order.
  EXPECT_TRUE(*again.config == *read.config);
}

INSTANTIATE_TEST_SUITE_P(Config, Golden, testing::ValuesIn(files_in("tests/golden/config", ".txt")),
                         name_of);

class Example : public testing::TestWithParam<fs::path> {};

TEST_P(Example, IsValid) {
  ReadResult read = read_config_file(GetParam());
  EXPECT_TRUE(read.config) << problems_text(read.problems);
}

INSTANTIATE_TEST_SUITE_P(Conf, Example, testing::ValuesIn(files_in("conf", ".yaml")), name_of);

}  // namespace
}  // namespace sallyport
