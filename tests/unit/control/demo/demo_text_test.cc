#include "control/demo/demo_text.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sallyport {
namespace {

DemoPlan plan_in(const std::string& folder) {
  DemoPlan plan;
  plan.folder = folder;
  plan.http = "127.0.0.1:8080";
  plan.https = "127.0.0.1:8443";
  plan.metrics = ":9900";
  plan.admin = "127.0.0.1:9901";
  plan.offload = plan.passthrough = plan.reencrypt = plan.mtls = *Address::parse("127.0.0.1:1");
  return plan;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DemoText, GuideHasACurlLineForEachScenario) {
  const std::string guide = demo_guide(plan_in("/tmp/d"));
  for (const char* line :
       {"\ncurl --cacert /tmp/d/ca.crt https://offload.localhost:8443/\n",
        "\ncurl --cacert /tmp/d/ca.crt https://passthrough.localhost:8443/\n",
        "\ncurl --cacert /tmp/d/ca.crt https://reencrypt.localhost:8443/\n",
        "\ncurl --cacert /tmp/d/ca.crt --cert /tmp/d/client/tls.crt --key /tmp/d/client/tls.key "
        "https://mtls.localhost:8443/\n",
        "\ncurl -i --cacert /tmp/d/ca.crt https://mtls.localhost:8443/\n",
        "\ncurl -iL --cacert /tmp/d/ca.crt http://offload.localhost:8080/cart\n",
        "\ncurl http://127.0.0.1:9900/metrics\n",
        "\ncurl http://127.0.0.1:9901/api/v1/connections\n"}) {
    EXPECT_TRUE(contains(guide, line)) << line << "in\n" << guide;
  }
}

TEST(DemoText, EachCurlLineIsUnderWhatItDoesAndPrints) {
  std::istringstream guide(demo_guide(plan_in("/tmp/d")));
  std::string first, second;
  size_t found = 0;
  for (std::string line; std::getline(guide, line); first = second, second = line) {
    if (!line.starts_with("curl ")) continue;
    ++found;
    EXPECT_TRUE(first.starts_with("# ")) << line;
    EXPECT_TRUE(second.starts_with("# prints \"") && second.ends_with('"')) << line;
  }
  EXPECT_EQ(found, 9u);
}

TEST(DemoText, FolderWithSpacesAndQuotesIsOneWord) {
  const DemoPlan plan = plan_in("/tmp/it's \"mine\"\\");
  EXPECT_TRUE(contains(demo_guide(plan), "--cacert '/tmp/it'\\''s \"mine\"\\/ca.crt' "))
      << demo_guide(plan);
  EXPECT_TRUE(contains(demo_yaml(plan), "\"/tmp/it's \\\"mine\\\"\\\\/secrets\""))
      << demo_yaml(plan);
}

TEST(DemoText, AdminMayBeAUnixSocket) {
  DemoPlan plan = plan_in("/tmp/d");
  plan.admin = "unix:/run/x/admin.sock";
  EXPECT_TRUE(contains(demo_guide(plan),
                       "\ncurl --unix-socket /run/x/admin.sock "
                       "http://localhost/api/v1/connections\n"))
      << demo_guide(plan);
}

}  // namespace
}  // namespace sallyport
