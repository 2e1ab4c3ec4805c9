#include "control/demo/demo_answer.h"

#include <gtest/gtest.h>

#include "tests/unit/control/demo/text_stream.h"

namespace sallyport {
namespace {

const AnswerFacts kPlain{"hello: introduced", *Address::parse("127.0.0.1:55"), std::nullopt};

std::string answer_to(const std::string& sent, const AnswerFacts& facts = kPlain) {
  TextStream stream(sent);
  DemoRequests requests(stream);
  EXPECT_EQ(requests.next(), DemoRequests::Next::Whole) << sent;
  return answer(requests, facts);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DemoAnswer, TellsWhatReachedTheBackend) {
  const std::string request =
      "POST /x?y=z HTTP/1.1\r\nHost: a.localhost\r\nX-Forwarded-For: 192.0.2.1\r\n"
      "Content-Length: 5\r\n\r\nhello";
  EXPECT_EQ(answer_to(request),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/plain; charset=us-ascii\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Length: 230\r\n"
            "Connection: keep-alive\r\n"
            "\r\n"
            "hello: introduced\n"
            "  connection from: 127.0.0.1:55\n"
            "  tls at the backend: none, it came as plain text\n"
            "  request: POST /x?y=z HTTP/1.1\n"
            "    Host: a.localhost\n"
            "    X-Forwarded-For: 192.0.2.1\n"
            "    Content-Length: 5\n"
            "  body: 5 bytes: hello\n");
}

TEST(DemoAnswer, TellsWhatWasSeenOfTls) {
  AnswerFacts facts = kPlain;
  facts.tls = TlsSeen{"TLSv1.3", "TLS_X", "b.internal", "CN=proxy", true};
  const std::string text = answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n", facts);
  EXPECT_TRUE(contains(text, "TLSv1.3, TLS_X, resumed\n")) << text;
  EXPECT_TRUE(contains(text, "server name: b.internal\n")) << text;
  EXPECT_TRUE(contains(text, "client certificate: CN=proxy\n")) << text;
}

TEST(DemoAnswer, HeadGetsTheFieldsOfGet) {
  const std::string get = answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string head = answer_to("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  // The body repeats the request line, which is one letter longer.
  const size_t body = get.size() - get.find("\r\n\r\n") - 4;
  EXPECT_TRUE(contains(head, "Content-Length: " + std::to_string(body + 1) + "\r\n")) << head;
}

TEST(DemoAnswer, SaysWhetherTheConnectionStaysOpen) {
  const struct {
    const char* request;
    const char* connection;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "keep-alive"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", "close"},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "close"},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "keep-alive"},
  };
  for (const auto& c : cases) {
    const std::string text = answer_to(c.request);
    EXPECT_TRUE(contains(text, std::string("\r\nConnection: ") + c.connection + "\r\n")) << text;
  }
}

TEST(DemoAnswer, OfALongBodyOnlyTheBeginningIsShown) {
  const std::string text = answer_to("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" +
                                     std::string(70000, 'x'));
  EXPECT_TRUE(contains(text, "body: 70000 bytes, which begin with: " +
                                 std::string(DemoRequests::kBodyShown, 'x') + "\n"))
      << text;
}

TEST(DemoAnswer, ControlCharactersDoNotReachTheTerminal) {
  const std::string text = answer_to(
      "POST / HTTP/1.1\r\nHost: a\r\nX: \xe2\x80\xae\r\nContent-Length: 4\r\n\r\n\x1b[2J");
  EXPECT_TRUE(contains(text, "    X: ???\n")) << text;
  EXPECT_TRUE(contains(text, "body: 4 bytes: ?[2J\n")) << text;
}

TEST(DemoAnswer, RefusalSaysWhyAndEndsTheConnection) {
  const std::string text = refusal(H1Fault::ObsFold);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 Bad Request\r\n")) << text;
  EXPECT_TRUE(contains(text, "\r\nConnection: close\r\n")) << text;
  EXPECT_TRUE(contains(text, sallyport::text(H1Fault::ObsFold))) << text;
}

}  // namespace
}  // namespace sallyport
