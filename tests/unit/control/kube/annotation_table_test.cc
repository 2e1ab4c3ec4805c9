#include "control/kube/annotation_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "control/kube/config_keys.h"

namespace sallyport::kube {
namespace {

TEST(AnnotationTable, EachRowIsThereOnceAndSaysWhatToDo) {
  std::set<std::string> names;
  for (const AnnotationRow& row : annotation_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.read == nullptr, row.support == Support::No) << row.name;
    EXPECT_EQ(row.note[0] == '\0', row.support == Support::Same) << row.name;
    EXPECT_NE(row.meaning[0], '\0') << row.name;
    if (row.always) {
      EXPECT_EQ(row.support, Support::Differs) << row.name;
    }
  }
  for (const ConfigKeyRow& row : config_key_rows()) {
    EXPECT_EQ(row.note[0] == '\0', row.support == Support::Same) << row.name;
  }
}

TEST(AnnotationTable, FindsRowsByNameAndThenByBeginning) {
  EXPECT_STREQ(find_row("auth-tls-secret")->name, "auth-tls-secret");
  EXPECT_STREQ(find_row("auth-secret")->name, "auth-*");
  EXPECT_STREQ(find_row("canary")->name, "canary");
  EXPECT_STREQ(find_row("canary-weight")->name, "canary-*");
  EXPECT_STREQ(find_row("proxy-buffer-size")->name, "proxy-buffer*");
  EXPECT_EQ(find_row("auth-tls-sceret"), nullptr);
  EXPECT_EQ(find_row(""), nullptr);
}

TEST(AnnotationTable, KnowsItsPrefixes) {
  EXPECT_EQ(without_prefix("nginx.ingress.kubernetes.io/app-root"), "app-root");
  EXPECT_EQ(without_prefix("sallyport.dev/app-root"), "app-root");
  EXPECT_EQ(without_prefix("haproxy.org/app-root"), "");
  EXPECT_EQ(without_prefix("app-root"), "");
}

TEST(AnnotationReader, ReadsValuesAsNginxDoes) {
  EXPECT_EQ(parse_nginx_size("8m"), 8u << 20);
  EXPECT_EQ(parse_nginx_size("1G"), 1u << 30);
  EXPECT_EQ(parse_nginx_size("0"), 0u);
  for (const char* wrong : {"", "m", "-1", "8mm", "1.5m", "99999999999g"}) {
    EXPECT_FALSE(parse_nginx_size(wrong)) << wrong;
  }
  EXPECT_EQ(parse_nginx_seconds("60"), Millis(60'000));
  EXPECT_EQ(parse_nginx_seconds("5s"), Millis(5'000));
  for (const char* wrong : {"", "0", "-1", "1m", "s"}) EXPECT_FALSE(parse_nginx_seconds(wrong));
  EXPECT_EQ(parse_boolean("True"), true);
  EXPECT_EQ(parse_boolean("0"), false);
  EXPECT_FALSE(parse_boolean("yes"));
  EXPECT_EQ(parse_network("10.1.2.3/8")->text(), "10.0.0.0/8");
  EXPECT_EQ(parse_network("2001:db8::1/32")->text(), "2001:db8::/32");
  EXPECT_EQ(parse_network("192.0.2.1")->text(), "192.0.2.1/32");
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0.0/-1", "x/8", "10.0.0/8"}) {
    EXPECT_FALSE(parse_network(wrong)) << wrong;
  }
}

std::string with_table(const std::string& page, const char* name, const std::string& table) {
  std::string mark = std::string("<!-- ") + name + " -->\n";
  size_t begin = page.find(mark);
  size_t end = page.find("<!-- end -->", begin);
  EXPECT_NE(begin, std::string::npos) << name;
  EXPECT_NE(end, std::string::npos) << name;
  if (begin == std::string::npos || end == std::string::npos) return page;
  return page.substr(0, begin) + mark + "\n" + table + "\n" + page.substr(end);
}

// The page has what the table says. With SALLYPORT_UPDATE_GOLDEN=1 it is written anew.
TEST(AnnotationTable, IsInTheDocumentation) {
  std::string path = std::string(SALLYPORT_SOURCE_DIR) + "/control/kube/README.md";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string page = with_table(text.str(), "annotations", annotations_markdown());
  page = with_table(page, "keys", config_keys_markdown());
  const char* update = std::getenv("SALLYPORT_UPDATE_GOLDEN");
  if (update && std::string(update) == "1") {
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(text.str(), page);
}

}  // namespace
}  // namespace sallyport::kube
