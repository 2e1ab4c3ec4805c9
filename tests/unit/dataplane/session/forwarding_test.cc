#include "dataplane/session/forwarding.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "dataplane/wire/h1_head.h"

namespace sallyport {
namespace {

const Address kClient = Address::v4(0xc6336401, 40'000);  // 198.51.100.1
constexpr std::string_view kId = "0123456789abcdef0123456789abcdef";

HttpConfig trusting() {
  HttpConfig http;
  http.trusted_networks = {*Network::parse("198.51.100.0/24"), *Network::parse("10.0.0.0/8")};
  return http;
}

/// What a backend gets of `head`, which is a request's without the empty line.
std::string request(const std::string& head, const HttpConfig& http = {}, bool tls = true,
                    const RouteTreatment* treatment = nullptr) {
  std::string text = head + "\r\n";
  RequestHead parsed;
  EXPECT_EQ(parse_request_head(as_bytes(text), 100, parsed), H1Fault::None) << text;
  Forwarded forwarded = forwarded_of(parsed, http, kClient, tls, tls ? 443 : 80, kId);
  std::array<uint8_t, 4096> room;
  H1Writer out(room);
  write_request_head(out, {parsed, parsed.path, forwarded, http, nullptr, treatment});
  EXPECT_FALSE(out.overflown());
  return std::string(as_text(out.written()));
}

bool has_line(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}
bool has_name(const std::string& head, const std::string& name) {
  return head.find("\r\n" + name + ":") != std::string::npos;
}

TEST(Forwarding, ARequestGoesOnWithItsFieldsAndOurs) {
  EXPECT_EQ(request("GET /a?b HTTP/1.0\r\nAccept: */*\r\nhost: Shop.example.com:8443\r\nX-A: 1\r\n"
                    "x-a: 2\r\n"),
            "GET /a?b HTTP/1.1\r\nHost: Shop.example.com:8443\r\nAccept: */*\r\nX-A: 1\r\n"
            "x-a: 2\r\n"
            "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: Shop.example.com:8443\r\nX-Forwarded-Port: 443\r\n"
            "X-Real-IP: 198.51.100.1\r\nX-Request-ID: " +
                std::string(kId) + "\r\n\r\n");
}

TEST(Forwarding, ARouteSetsFieldsAndTheHost) {
  RouteTreatment treatment;
  treatment.host_header = "inner.test:8080";
  treatment.request_fields = {{"X-Forwarded-Prefix", "/shop"}, {"X-Gone", ""}};
  HttpConfig http;
  http.keep_underscores = true;
  std::string head = request(
      "GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-prefix: /evil\r\nX_Forwarded_Prefix: /worse\r\n"
      "X-Gone: 1\r\nX-Kept: 1\r\n",
      http, true, &treatment);
  EXPECT_TRUE(has_line(head, "Host: inner.test:8080"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Host: a"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Prefix: /shop"));
  EXPECT_TRUE(has_line(head, "X-Kept: 1"));
  EXPECT_EQ(head.find("evil"), std::string::npos);
  EXPECT_EQ(head.find("worse"), std::string::npos);
  EXPECT_FALSE(has_name(head, "X-Gone"));
}

TEST(Forwarding, WhatBelongsToOneHopGoesNoFurther) {
  std::string head = request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\n"
      "Proxy-Connection: close\r\nTE: gzip\r\nProxy-Authorization: secret\r\nProxy: evil\r\n"
      "Upgrade: nothing\r\nUnder_Score: 1\r\nX-Kept: 1\r\n");
  for (const char* name : {"Connection", "Keep-Alive", "X-Hop", "Proxy-Connection", "TE",
                           "Proxy-Authorization", "Proxy", "Upgrade", "Under_Score"}) {
    EXPECT_FALSE(has_name(head, name)) << name << "\n" << head;
  }
  EXPECT_TRUE(has_line(head, "X-Kept: 1"));
}

TEST(Forwarding, NobodyHasOurFieldsRemovedByNamingThem) {
  std::string head = request(
      "GET / HTTP/1.1\r\nHost: a\r\n"
      "Connection: Host, X-Forwarded-For, X-Real-IP, X-Request-ID\r\n");
  for (const char* name : {"Host", "X-Forwarded-For", "X-Real-IP", "X-Request-ID"}) {
    EXPECT_TRUE(has_name(head, name)) << name;
  }
}

TEST(Forwarding, NamesWithUnderscoresPassWhereTheyAreKept) {
  HttpConfig http;
  http.keep_underscores = true;
  std::string head = request("GET / HTTP/1.1\r\nHost: a\r\nUnder_Score: 1\r\nssl_client_verify: "
                             "SUCCESS\r\nX_Forwarded_For: 1.2.3.4\r\n", http);
  EXPECT_TRUE(has_line(head, "Under_Score: 1"));
  EXPECT_FALSE(has_name(head, "ssl_client_verify"));
  EXPECT_FALSE(has_name(head, "X_Forwarded_For"));
}

TEST(Forwarding, OfAStrangerNothingIsBelieved) {
  std::string head = request(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\n"
      "X-Forwarded-Proto: http\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
      "X-Scheme: http\r\nX-Forwarded-Scheme: http\r\nForwarded: for=1.1.1.1\r\n"
      "X-Request-ID: mine\r\nssl-client-verify: SUCCESS\r\nClient-Cert: :AA==:\r\n"
      "X-Forwarded-Client-Cert: x\r\n");
  EXPECT_EQ(head.find("1.1.1.1"), std::string::npos) << head;
  EXPECT_EQ(head.find("evil"), std::string::npos);
  EXPECT_EQ(head.find("mine"), std::string::npos);
  EXPECT_FALSE(has_name(head, "ssl-client-verify") || has_name(head, "Client-Cert"));
  EXPECT_FALSE(has_name(head, "X-Scheme") || has_name(head, "X-Forwarded-Client-Cert"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-For: 198.51.100.1"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Proto: https"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Host: a"));
}

TEST(Forwarding, WhatATrustedOneSaysIsAddedTo) {
  std::string head = request(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9, 8.8.8.8\r\n"
      "X-Forwarded-For: 10.0.0.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: first\r\n"
      "X-Real-IP: 7.7.7.7\r\nX-Request-ID: theirs-0123456789\r\n",
      trusting());
  EXPECT_TRUE(has_line(head, "X-Forwarded-For: 9.9.9.9, 8.8.8.8, 10.0.0.7, 198.51.100.1")) << head;
  EXPECT_TRUE(has_line(head, "X-Real-IP: 8.8.8.8"));  // the first that nobody vouches for
  EXPECT_TRUE(has_line(head, "X-Forwarded-Proto: http"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Host: first"));
  EXPECT_TRUE(has_line(head, "X-Forwarded-Port: 443"));
  EXPECT_TRUE(has_line(head, "X-Request-ID: theirs-0123456789"));
}

TEST(Forwarding, ForwardedIsWrittenOnRequest) {
  HttpConfig http;
  http.forwarded = true;
  EXPECT_TRUE(has_line(request("GET / HTTP/1.1\r\nHost: a:1\r\nForwarded: for=x\r\n", http, false),
                       "Forwarded: for=198.51.100.1;host=\"a:1\";proto=http"));
  http = trusting();
  http.forwarded = true;
  EXPECT_TRUE(has_line(request("GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=x\r\n", http),
                       "Forwarded: for=x, for=198.51.100.1;host=\"a\";proto=https"));
  http.forwarded = false;
  EXPECT_TRUE(has_line(request("GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=x\r\n", http),
                       "Forwarded: for=x"));
}

TEST(Forwarding, FramingAndUpgradesAreWrittenAnew) {
  struct Row {
    const char* fields;
    const char* line;
  };
  for (const Row& row : {
           Row{"Content-Length: 5\r\n", "Content-Length: 5"},
           Row{"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked"},
           Row{"Connection: TE\r\nTE: trailers\r\n", "TE: trailers\r\nConnection: TE"},
           Row{"Connection: upgrade\r\nUpgrade: websocket\r\n",
               "Upgrade: websocket\r\nConnection: upgrade"},
       }) {
    EXPECT_TRUE(has_line(request(std::string("POST / HTTP/1.1\r\nHost: a\r\n") + row.fields),
                         row.line))
        << row.fields;
  }
  for (const char* fields : {"Connection: upgrade\r\nUpgrade: h2c\r\n",
                             "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n",
                             "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
                             "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n",
                             "Upgrade: websocket\r\n"}) {
    EXPECT_FALSE(has_name(request(std::string("POST / HTTP/1.1\r\nHost: a\r\n") + fields),
                          "Upgrade"))
        << fields;
  }
}

/// What a client gets of `head`, which is a response's without the empty line.
std::string response(const std::string& head, ResponseFraming framing) {
  std::string text = head + "\r\n";
  ResponseHead parsed;
  EXPECT_EQ(parse_response_head(as_bytes(text), 100, Method::Get, parsed), H1Fault::None) << text;
  std::array<uint8_t, 4096> room;
  H1Writer out(room);
  framing.length = parsed.length;
  write_response_head(out, parsed, framing);
  return std::string(as_text(out.written()));
}

TEST(Forwarding, AResponseIsFramedForItsClient) {
  std::string head = "HTTP/1.1 200 Fine\r\nDate: x\r\nContent-Length: 5\r\nX-A: 1\r\n"
                     "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
                     "Proxy-Authenticate: Basic\r\n";
  ResponseFraming length;
  length.body = BodyKind::Length;
  EXPECT_EQ(response(head, length),
            "HTTP/1.1 200 Fine\r\nDate: x\r\nX-A: 1\r\nContent-Length: 5\r\n\r\n");
  ResponseFraming chunked;
  chunked.body = BodyKind::Chunked;
  chunked.close = true;
  EXPECT_EQ(response("HTTP/1.1 200 \r\nDate: x\r\nTransfer-Encoding: chunked\r\n", chunked),
            "HTTP/1.1 200 \r\nDate: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  ResponseFraming old;
  old.body = BodyKind::Length;
  old.minor = 0;
  EXPECT_TRUE(has_line(response(head, old), "Connection: keep-alive"));
  ResponseFraming to_head;
  to_head.head_only = true;
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n", to_head),
            "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(response("HTTP/1.1 304 \r\nDate: x\r\nContent-Length: 5\r\n", {}),
            "HTTP/1.1 304 \r\nDate: x\r\nContent-Length: 5\r\n\r\n");
}

TEST(Forwarding, AResponseGetsWhatItsRouteAndSiteAdd) {
  RouteTreatment treatment;
  treatment.response_fields = {{"X-Frame-Options", "DENY"}, {"Server", ""}};
  treatment.affinity.emplace().cookie = "route";
  treatment.cookie_end = "; Path=/; HttpOnly";
  ResponseFraming framing;
  framing.additions = {&treatment, "max-age=60", "0123", true};
  std::string head =
      "HTTP/1.1 200 OK\r\nDate: x\r\nx-frame-options: SAMEORIGIN\r\nServer: secret/1.0\r\n"
      "Strict-Transport-Security: max-age=0\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n";
  EXPECT_EQ(response(head, framing),
            "HTTP/1.1 200 OK\r\nDate: x\r\nSet-Cookie: a=b\r\n"
            "Strict-Transport-Security: max-age=60\r\nX-Frame-Options: DENY\r\n"
            "Set-Cookie: route=0123; Path=/; HttpOnly; Secure\r\n\r\n");
  framing.additions.tls = false;
  EXPECT_TRUE(has_line(response(head, framing), "Set-Cookie: route=0123; Path=/; HttpOnly"));
  framing.additions.cookie = {};
  EXPECT_EQ(response(head, framing).find("route="), std::string::npos);
}

}  // namespace
}  // namespace sallyport
