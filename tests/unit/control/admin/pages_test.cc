#include "control/admin/pages.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(LocalHost, IsAnIpLiteralOrLocalhost) {
  for (std::string_view host : {"127.0.0.1", "10.0.0.7", "[::1]", "[2001:db8::1]", "localhost",
                                "LocalHost", "localhost.", "demo.localhost", "a.b.localhost."}) {
    EXPECT_TRUE(is_local_host(host)) << host;
  }
  for (std::string_view host : {"", ".", "example.com", "localhost.example.com", "notlocalhost",
                                "127.0.0.1.example.com", "1.2.3", "0x7f000001", "localhost..",
                                "[localhost]"}) {
    EXPECT_FALSE(is_local_host(host)) << host;
  }
}

struct Asked {
  size_t most = 0;
  std::string name;
  bool ready = true;
  AdminSource source{
      [this] { return ready; },
      [] { return "sallyport_up 1\n"; },
      [] { return "{\"sites\":[]}"; },
      [this](size_t n) {
        most = n;
        return "{\"total\":0}";
      },
      [this](const ApiQuery& query) { return note("sites", query); },
      [this](const ApiQuery& query) { return note("services", query); },
      [this](const ApiQuery& query) { return note("certificates", query); },
  };
  std::string note(const char* what, const ApiQuery& query) {
    most = query.most;
    name = query.name;
    return std::string("{\"") + what + "\":[]}";
  }
};

HttpRequest get(std::string_view path, std::string_view query = "") {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  request.query = query;
  request.host = "localhost";
  return request;
}

TEST(Pages, AreTheOnesOfTheirAddress) {
  Asked asked;
  Pages metrics(Pages::Kind::Metrics, asked.source);
  Pages admin(Pages::Kind::Admin, asked.source);
  struct Row {
    const char* path;
    int on_metrics, on_admin;
    const char* type;
    const char* contains;
  };
  const Row rows[] = {
      {"/healthz", 200, 200, "text/plain; charset=utf-8", "alive"},
      {"/readyz", 200, 200, "text/plain; charset=utf-8", "ready"},
      {"/metrics", 200, 200, "text/plain; version=0.0.4; charset=utf-8", "sallyport_up"},
      {"/api/v1/config", 404, 200, "application/json", "sites"},
      {"/api/v1/connections", 404, 200, "application/json", "total"},
      {"/api/v1/sites", 404, 200, "application/json", "sites"},
      {"/api/v1/services", 404, 200, "application/json", "services"},
      {"/api/v1/certificates", 404, 200, "application/json", "certificates"},
      {"/", 404, 200, "text/html; charset=utf-8", "href=\"/api/v1/connections\""},
      {"/metrics/", 404, 404, "application/json", "error"},
      {"//metrics", 404, 404, "application/json", "error"},
      {"/api/v1", 404, 404, "application/json", "error"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(metrics.answer(get(row.path)).status, row.on_metrics) << row.path;
    HttpResponse response = admin.answer(get(row.path));
    EXPECT_EQ(response.status, row.on_admin) << row.path;
    EXPECT_EQ(response.content_type, row.type) << row.path;
    EXPECT_NE(response.body.find(row.contains), std::string::npos) << row.path << response.body;
  }
}

TEST(Pages, SayWhenNotReady) {
  Asked asked;
  asked.ready = false;
  HttpResponse response = Pages(Pages::Kind::Metrics, asked.source).answer(get("/readyz"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Pages(Pages::Kind::Metrics, asked.source).answer(get("/healthz")).status, 200);
}

TEST(Pages, LimitTheConnectionsShown) {
  Asked asked;
  Pages admin(Pages::Kind::Admin, asked.source);
  struct Row {
    const char* query;
    int status;
    size_t most;
  };
  const Row rows[] = {
      {"", 200, 1000},          {"limit=5", 200, 5},      {"a=b&limit=0", 200, 0},
      {"limit=99999999", 200, 10'000}, {"limit=", 400, 0}, {"limit=x", 400, 0},
      {"limit=-1", 400, 0},     {"limit=1x", 400, 0},     {"limit=99999999999999999999", 400, 0},
  };
  for (const Row& row : rows) {
    asked.most = 0;
    HttpResponse response = admin.answer(get("/api/v1/connections", row.query));
    EXPECT_EQ(response.status, row.status) << row.query;
    EXPECT_EQ(asked.most, row.most) << row.query;
  }
}

TEST(Pages, TakeANameToLookFor) {
  Asked asked;
  Pages admin(Pages::Kind::Admin, asked.source);
  struct Row {
    const char* query;
    int status;
    const char* name;
  };
  const Row rows[] = {
      {"", 200, ""},
      {"name=shop.example", 200, "shop.example"},
      {"name=kube/shop&limit=1", 200, "kube/shop"},
      {"limit=1&name=%2a.shop%2Eexample", 200, "*.shop.example"},
      {"name=%2", 400, "-"},
      {"name=%zz", 400, "-"},
  };
  for (const char* path : {"/api/v1/sites", "/api/v1/services", "/api/v1/certificates"}) {
    for (const Row& row : rows) {
      asked.name = "-";
      EXPECT_EQ(admin.answer(get(path, row.query)).status, row.status) << path << row.query;
      EXPECT_EQ(asked.name, row.name) << path << row.query;
    }
  }
}

TEST(Pages, RefuseForeignHostsOnTheAdminAddressOnly) {
  Asked asked;
  HttpRequest request = get("/healthz");
  request.host = "evil.example.com";
  EXPECT_EQ(Pages(Pages::Kind::Metrics, asked.source).answer(request).status, 200);
  HttpResponse refused = Pages(Pages::Kind::Admin, asked.source).answer(request);
  EXPECT_EQ(refused.status, 421);
  EXPECT_EQ(refused.content_type, "application/json");
  EXPECT_EQ(refused.body, "{\"error\":\"the Host must be an IP address or localhost\"}\n");
  request.host = "";
  EXPECT_EQ(Pages(Pages::Kind::Admin, asked.source).answer(request).status, 421);
}

TEST(Pages, AnswerOnlyGetAndHead) {
  Asked asked;
  Pages admin(Pages::Kind::Admin, asked.source);
  for (std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get"}) {
    HttpRequest request = get("/healthz");
    request.method = method;
    EXPECT_EQ(admin.answer(request).status, 405) << method;
  }
  HttpRequest request = get("/healthz");
  request.method = "HEAD";
  EXPECT_EQ(admin.answer(request).status, 200);
  request.has_body = true;
  EXPECT_EQ(admin.answer(request).status, 400);
}

}  // namespace
}  // namespace sallyport
