#include "dataplane/session/request_decision.h"

#include <gtest/gtest.h>

#include <memory>

namespace sallyport {
namespace {

using Kind = Decision::Kind;

std::shared_ptr<const Service> service() {
  return std::make_shared<Service>(ServiceConfig{}, std::vector<Endpoint>{}, nullptr, 1);
}

Route& add_route(Site& site, const char* path, bool acme = false) {
  auto made = std::make_unique<Route>();
  Route& route = *made;
  route.path = path;
  route.acme_challenge = acme;
  route.service = service();
  route.client_auth = site.client_auth;
  site.paths.add(path, PathType::Prefix, route);
  site.routes.push_back(std::move(made));
  return route;
}

/// A listener without TLS that knows these sites.
class RequestDecision : public testing::Test {
 protected:
  RequestDecision() {
    facts_.rules = &rules_;
    rules_.sites.add("open.example.com", open_);
    rules_.sites.add("redirects.example.com", redirects_);
    rules_.sites.add("asks.example.com", asks_);
    redirects_.redirect_http = true;
    asks_.client_auth = std::make_shared<ClientDemand>();
    for (Site* site : {&open_, &redirects_, &asks_}) add_route(*site, "/shop");
    for (Site* site : {&redirects_, &asks_}) {
      add_route(*site, "/.well-known/acme-challenge", true);
    }
  }
  Decision decide(std::string_view host, std::string_view path, Method method = Method::Get) {
    return sallyport::decide(method, host, path, facts_);
  }

  Site open_, redirects_, asks_;
  ListenerRules rules_;
  ConnectionFacts facts_;
};

TEST_F(RequestDecision, InTheClear) {
  struct Row {
    const char* host;
    const char* path;
    Kind kind;
    uint16_t status;
  };
  for (const Row& row : {
           Row{"open.example.com", "/shop/x", Kind::Serve, 0},
           Row{"open.example.com", "/other", Kind::Refuse, 404},
           Row{"nobody.example.com", "/shop", Kind::Refuse, 404},
           Row{"", "/shop", Kind::Refuse, 404},
           Row{"redirects.example.com", "/shop", Kind::Redirect, 308},
           Row{"redirects.example.com", "/other", Kind::Redirect, 308},
           // A solver's route has to be reached before there is a certificate.
           Row{"redirects.example.com", "/.well-known/acme-challenge/token", Kind::Serve, 0},
           Row{"redirects.example.com", "/.well-known/other", Kind::Redirect, 308},
           Row{"open.example.com", "/.well-known/acme-challenge/token", Kind::Refuse, 404},
           // Nothing that asks for a certificate is served without one, nor tells its routes.
           Row{"asks.example.com", "/shop", Kind::Refuse, 403},
           Row{"asks.example.com", "/other", Kind::Refuse, 403},
           Row{"asks.example.com", "/.well-known/acme-challenge/token", Kind::Serve, 0},
       }) {
    Decision decision = decide(row.host, row.path);
    EXPECT_EQ(decision.kind, row.kind) << row.host << row.path;
    EXPECT_EQ(decision.status, row.status) << row.host << row.path;
    EXPECT_EQ(decision.route != nullptr, row.kind == Kind::Serve);
  }
}

TEST_F(RequestDecision, UnderTls) {
  facts_.site = &open_;
  EXPECT_EQ(decide("open.example.com", "/shop").kind, Kind::Serve);
  EXPECT_EQ(decide("open.example.com", "/other").status, 404);
  EXPECT_EQ(decide("nobody.example.com", "/shop").status, 404);
  // Another site has not been shaken hands for, and this one has no TLS to compare.
  EXPECT_EQ(decide("redirects.example.com", "/shop").status, 421);
}

TEST_F(RequestDecision, WhereClientsAreAskedAndNobodyWas) {
  facts_.site = &asks_;
  EXPECT_EQ(decide("asks.example.com", "/shop").status, 421);
  EXPECT_EQ(decide("asks.example.com", "/other").status, 421);
}

TEST_F(RequestDecision, AsteriskIsAboutTheRootAndTraceIsNotServed) {
  Route& root = add_route(open_, "/");
  EXPECT_EQ(decide("open.example.com", "*", Method::Options).route, &root);
  EXPECT_EQ(decide("open.example.com", "/shop", Method::Trace).status, 405);
  EXPECT_EQ(decide("nobody.example.com", "/shop", Method::Trace).status, 404);
}

TEST_F(RequestDecision, ARouteWithoutServiceIsNone) {
  add_route(open_, "/gone").service = nullptr;
  EXPECT_EQ(decide("open.example.com", "/gone").status, 404);
}

}  // namespace
}  // namespace sallyport
