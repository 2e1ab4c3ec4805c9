#include "control/demo/demo_answer.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

HttpRequest parse(const std::string& head) {
  std::optional<HttpRequest> request = parse_request(head);
  EXPECT_TRUE(request.has_value()) << head;
  return request.value_or(HttpRequest{});
}

TEST(DemoRequest, HeadEndsAfterItsEmptyLine) {
  EXPECT_EQ(request_head_end("GET / HTTP/1.1\r\nHost: a\r\n"), std::string::npos);
  EXPECT_EQ(request_head_end("GET / HTTP/1.1\r\n\r\nGET"), 18u);
}

TEST(DemoRequest, IsReadFromItsHead) {
  const HttpRequest request = parse("GET /a b HTTP/1.1\r\nhOsT:  a.localhost:1 \r\nX: y\r\n\r\n");
  EXPECT_EQ(request.line, "GET /a b HTTP/1.1");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.host, "a.localhost:1");
}

TEST(DemoRequest, OnlyHttp1IsARequest) {
  for (const char* head : {"\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                           " / HTTP/1.1\r\n\r\n", "GET HTTP/1.1\r\n\r\n",
                           "PRI * HTTP/2.0\r\n\r\n", "GET  HTTP/1.1\r\n\r\n"}) {
    EXPECT_FALSE(parse_request(head).has_value()) << head;
  }
}

TEST(DemoRequest, ConnectionStaysOpenOnlyWhenTheNextRequestCanBeFound) {
  const struct {
    const char* head;
    bool open;
  } cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", true},
      {"HEAD / HTTP/1.1\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"POST / HTTP/1.1\r\n\r\n", false},
  };
  for (const auto& c : cases) EXPECT_EQ(keeps_open(parse(c.head)), c.open) << c.head;
}

TEST(DemoAnswer, TellsWhatReachedTheBackend) {
  AnswerFacts facts{"hello: introduced", *Address::parse("127.0.0.1:55"), std::nullopt};
  const HttpRequest request = parse("GET /x HTTP/1.1\r\nHost: a.localhost\r\n\r\n");
  EXPECT_EQ(answer(request, facts),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/plain; charset=us-ascii\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Length: 147\r\n"
            "Connection: keep-alive\r\n"
            "\r\n"
            "hello: introduced\n"
            "  request: GET /x HTTP/1.1\n"
            "  host: a.localhost\n"
            "  connection from: 127.0.0.1:55\n"
            "  tls at the backend: none, it came as plain text\n");
  facts.tls = TlsSeen{"TLSv1.3", "TLS_X", "b.internal", "CN=proxy", true};
  const std::string over_tls = answer(request, facts);
  EXPECT_NE(over_tls.find("TLSv1.3, TLS_X, resumed\n"), std::string::npos) << over_tls;
  EXPECT_NE(over_tls.find("server name: b.internal\n"), std::string::npos) << over_tls;
  EXPECT_NE(over_tls.find("client certificate: CN=proxy\n"), std::string::npos) << over_tls;
}

TEST(DemoAnswer, HeadGetsTheHeadersOfGet) {
  const AnswerFacts facts{"x", *Address::parse("127.0.0.1:55"), std::nullopt};
  const std::string get = answer(parse("GET / HTTP/1.1\r\n\r\n"), facts);
  const std::string head = answer(parse("HEAD / HTTP/1.1\r\n\r\n"), facts);
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  // The body repeats the request line, which is one letter longer.
  const size_t body = get.size() - get.find("\r\n\r\n") - 4;
  EXPECT_NE(head.find("Content-Length: " + std::to_string(body + 1) + "\r\n"), std::string::npos)
      << head;
}

TEST(DemoAnswer, OtherMethodsAreRefused) {
  const AnswerFacts facts{"x", *Address::parse("127.0.0.1:55"), std::nullopt};
  const std::string text = answer(parse("DELETE / HTTP/1.1\r\n\r\n"), facts);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n")) << text;
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
}

TEST(DemoAnswer, ControlCharactersDoNotReachTheTerminal) {
  const AnswerFacts facts{"x", *Address::parse("127.0.0.1:55"), std::nullopt};
  const std::string text = answer(parse("GET /\x1b[2J HTTP/1.1\r\nHost: \x07\xc3\r\n\r\n"), facts);
  EXPECT_NE(text.find("request: GET /?[2J HTTP/1.1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("host: ??\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace sallyport
