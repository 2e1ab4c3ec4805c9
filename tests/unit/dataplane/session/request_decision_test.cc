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
  route.redirect_http = site.redirect_http;
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
    return sallyport::decide(method, host, path, facts_, {&client_});
  }

  Site open_, redirects_, asks_;
  ListenerRules rules_;
  ConnectionFacts facts_;
  Address client_ = *Address::parse_ip("192.0.2.1");
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

TEST_F(RequestDecision, ATlsProxyInFrontIsBelieved) {
  Sender behind{&client_, true};
  auto plain = [&](std::string_view host, std::string_view path) {
    return sallyport::decide(Method::Get, host, path, facts_, behind);
  };
  EXPECT_EQ(plain("redirects.example.com", "/shop").kind, Kind::Serve);
  EXPECT_EQ(plain("redirects.example.com", "/other").status, 404);
  // But nobody has seen a client's certificate.
  EXPECT_EQ(plain("asks.example.com", "/shop").status, 403);
}

TEST_F(RequestDecision, RoutesRedirectToHttpsOrNotByThemselves) {
  add_route(redirects_, "/clear").redirect_http = false;
  add_route(open_, "/secret").redirect_http = true;
  redirects_.redirect_code = 301;
  EXPECT_EQ(decide("redirects.example.com", "/clear").kind, Kind::Serve);
  EXPECT_EQ(decide("redirects.example.com", "/shop").status, 301);
  EXPECT_EQ(decide("open.example.com", "/secret").kind, Kind::Redirect);
  EXPECT_EQ(decide("open.example.com", "/shop").kind, Kind::Serve);
}

std::unique_ptr<const RouteTreatment> only(const char* network) {
  RouteConfig config;
  config.allow.push_back(*Network::parse(network));
  return RouteTreatment::make(config);
}

TEST_F(RequestDecision, AddressesThatAreNotLetInAreForbidden) {
  add_route(open_, "/in").treatment = only("192.0.2.0/24");
  add_route(open_, "/out").treatment = only("10.0.0.0/8");
  open_.mixed_guards = true;
  for (const Site* site : {static_cast<const Site*>(nullptr), static_cast<const Site*>(&open_)}) {
    facts_.site = site;
    EXPECT_EQ(decide("open.example.com", "/in").kind, Kind::Serve);
    Decision out = decide("open.example.com", "/out/x");
    EXPECT_EQ(out.status, 403);
    EXPECT_EQ(out.end, RequestEnd::Forbidden);
    // A backend that stops at a semicolon would take it for the other route's.
    add_route(open_, "/");
    EXPECT_EQ(decide("open.example.com", "/out;x").status, 400);
    EXPECT_EQ(decide("open.example.com", "/shop;x").kind, Kind::Serve);
  }
}

TEST_F(RequestDecision, RoutesAnswerByThemselves) {
  RouteConfig config;
  config.respond = 503;
  Route& closed = add_route(open_, "/closed");
  closed.treatment = RouteTreatment::make(config);
  closed.service = nullptr;
  config.respond.reset();
  config.redirect.emplace() = {307, "/shop"};
  Route& moved = add_route(open_, "/moved");
  moved.treatment = RouteTreatment::make(config);
  moved.service = nullptr;
  EXPECT_EQ(decide("open.example.com", "/closed").status, 503);
  EXPECT_EQ(decide("open.example.com", "/closed").end, RequestEnd::Answered);
  EXPECT_EQ(decide("open.example.com", "/moved").kind, Kind::Elsewhere);
  EXPECT_EQ(decide("open.example.com", "/moved").status, 307);
  EXPECT_EQ(decide("open.example.com", "/moved").route, &moved);
}

TEST_F(RequestDecision, ASiteAnswersEverythingTheSame) {
  redirects_.respond = 403;
  EXPECT_EQ(decide("redirects.example.com", "/shop").status, 403);
  EXPECT_EQ(decide("redirects.example.com", "/shop").kind, Kind::Refuse);
  facts_.site = &redirects_;
  EXPECT_EQ(decide("redirects.example.com", "/").status, 403);
}

TEST_F(RequestDecision, ARouteWithoutServiceIsNone) {
  add_route(open_, "/gone").service = nullptr;
  EXPECT_EQ(decide("open.example.com", "/gone").status, 404);
}

}  // namespace
}  // namespace sallyport
