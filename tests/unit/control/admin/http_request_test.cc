#include "control/admin/http_request.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

using Kind = HttpParse::Kind;

TEST(HttpRequest, ReadsWhatIsRight) {
  struct Row {
    std::string_view text, method, path, query, host;
    bool keep_alive, has_body;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "", "a", true, false},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "", "a", true, false},
      {"HEAD /a/b?c=d?e HTTP/1.1\r\nhOsT:\t a:80 \r\n\r\n", "HEAD", "/a/b", "c=d?e", "a", true,
       false},
      {"GET /? HTTP/1.1\r\nHost: [::1]:99\r\n\r\n", "GET", "/", "", "[::1]", true, false},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", "", true, false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "GET", "/", "", "a", false,
       false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", "a", true,
       false},
      {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "", "", false, false},
      {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET", "/", "", "a", true, false},
      {"GET http://b:1/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/c", "d", "b", true, false},
      {"GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "", "b", true, false},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "/", "", "a", true, false},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT", "/", "", "a", true, false},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST", "/", "", "a", true,
       true},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n", "GET", "/", "", "a", true, false},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", "/", "", "a", true,
       true},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\r\n\r\n", "GET", "/", "", "a", true, false},
  };
  for (const Row& row : rows) {
    HttpParse p = parse_http_request(row.text);
    ASSERT_EQ(p.kind, Kind::Request) << row.text << p.message;
    EXPECT_EQ(p.request.method, row.method) << row.text;
    EXPECT_EQ(p.request.path, row.path) << row.text;
    EXPECT_EQ(p.request.query, row.query) << row.text;
    EXPECT_EQ(p.request.host, row.host) << row.text;
    EXPECT_EQ(p.request.keep_alive, row.keep_alive) << row.text;
    EXPECT_EQ(p.request.has_body, row.has_body) << row.text;
    EXPECT_EQ(p.size, row.text.find("\r\n\r\n") + 4) << row.text;
    // However it is cut, it is neither refused nor taken for whole before it is.
    for (size_t n = 0; n < p.size; ++n) {
      ASSERT_EQ(parse_http_request(row.text.substr(0, n)).kind, Kind::NeedMore) << row.text << n;
    }
  }
}

TEST(HttpRequest, RefusesWhatIsWrong) {
  struct Row {
    std::string text;
    int status;
  };
  const std::string ok = "GET / HTTP/1.1\r\n";
  const Row rows[] = {
      {"GET /\r\n", 400},
      {"GET  / HTTP/1.1\r\n", 400},
      {"GET / HTTP/1.1 \r\n", 400},
      {" GET / HTTP/1.1\r\n", 400},
      {"GE(T / HTTP/1.1\r\n", 400},
      {"GET / http/1.1\r\n", 400},
      {"GET / HTTP/11\r\n", 400},
      {"GET / HTTP/1.10\r\n", 400},
      {"GET / HTTP/2.0\r\n", 505},
      {"GET / HTTP/0.9\r\n", 505},
      {"PRI * HTTP/2.0\r\n", 505},
      {"GET * HTTP/1.1\r\n", 400},
      {"GET a HTTP/1.1\r\n", 400},
      {"GET /a b HTTP/1.1\r\n", 400},
      {"GET /#a HTTP/1.1\r\n", 400},
      {"GET /\xc3\xa4 HTTP/1.1\r\n", 400},
      {"GET https://a/ HTTP/1.1\r\n", 400},
      {"GET http:/// HTTP/1.1\r\n", 400},
      {"GET http://me@a/ HTTP/1.1\r\n", 400},
      {"\r\n\r\n", 400},
      {"GET / HTTP/1.1\n", 400},
      {"GET / HTTP/1.1\rX", 400},
      {"\x16\x03\x01", 400},  // TLS
      {std::string("GET /\0", 6), 400},
      {ok + "\r\n", 400},
      {ok + "Host: a\r\nHost: a\r\n", 400},
      {ok + "Host: a b\r\n", 400},
      {ok + "Host: a/b\r\n", 400},
      {ok + "Host: a:b\r\n", 400},
      {ok + "Host: a:123456\r\n", 400},
      {ok + "Host: a:1:2\r\n", 400},
      {ok + "Host: [::1\r\n", 400},
      {ok + "Host: [a]\r\n", 400},
      {ok + "Host: ::1\r\n", 400},
      {ok + "Host: me@a\r\n", 400},
      {ok + "Host : a\r\n", 400},
      {ok + "Host: a\r\n folded\r\n", 400},
      {ok + "Host: a\r\n: b\r\n", 400},
      {ok + "Host\r\n", 400},
      {ok + "Host: a\r\nX: \x01", 400},
      {ok + "Host: a\r\nX: \x7f", 400},
      {ok + "Host: a\r\nContent-Length: -1\r\n", 400},
      {ok + "Host: a\r\nContent-Length: 1, 1\r\n", 400},
      {ok + "Host: a\r\nContent-Length: \r\n", 400},
      {ok + "Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n", 400},
      {ok + "Host: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {std::string(kHttpHeadMost, 'G'), 431},
      {ok + "X: " + std::string(kHttpHeadMost, 'x'), 431},
      {ok + "Host: a\r\nX: " + std::string(kHttpHeadMost - 30, 'x') + "\r\n\r\n", 431},
  };
  for (const Row& row : rows) {
    HttpParse p = parse_http_request(row.text);
    EXPECT_EQ(p.kind, Kind::Refused) << testing::PrintToString(row.text);
    EXPECT_EQ(p.status, row.status) << testing::PrintToString(row.text) << p.message;
  }
}

TEST(HttpRequest, LeavesThePipelinedNextRequestAlone) {
  std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string both = first + "GET /2 HTTP/1.1\nbroken";
  HttpParse p = parse_http_request(both);
  ASSERT_EQ(p.kind, Kind::Request);
  EXPECT_EQ(p.request.path, "/1");
  EXPECT_EQ(p.size, first.size());
}

TEST(HttpRequest, TakesAHeadOfExactlyTheMost) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  text += std::string(kHttpHeadMost - text.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(text.size(), kHttpHeadMost);
  EXPECT_EQ(parse_http_request(text).kind, Kind::Request);
  EXPECT_EQ(parse_http_request(text.substr(0, kHttpHeadMost - 1)).kind, Kind::NeedMore);
}

}  // namespace
}  // namespace sallyport
