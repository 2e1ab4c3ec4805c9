#include "dataplane/wire/h1_head.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fuzz/h1_head_rules.h"

namespace sallyport {
namespace {

using Kind = HeadScan::Kind;

constexpr const char* kHost = "Host: a.example\r\n";

std::string get(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\n" + kHost + fields + "\r\n";
}

// REQUIRES: `bytes` outlive `out`.
H1Fault parse(const std::string& bytes, RequestHead& out) {
  HeadScan scan;
  HeadScan::Result found = scan.look(as_bytes(bytes), bytes.size());
  if (found.kind != Kind::Found) return found.fault;
  EXPECT_EQ(found.size, bytes.size());
  check_h1_request(as_bytes(bytes));
  return parse_request_head(as_bytes(bytes), FieldList::kMost, out);
}

H1Fault parse(const std::string& bytes, Method to, ResponseHead& out) {
  check_h1_response(as_bytes(bytes));
  return parse_response_head(as_bytes(bytes), FieldList::kMost, to, out);
}

TEST(H1Request, IsUnderstood) {
  std::string bytes =
      "POST /a%20b?c=d&e?f HTTP/1.1\r\nHOST:\t A.Example:8080 \r\nX-One:one\r\nx_two: \r\n"
      "Content-Length: 12\r\nExpect: 100-Continue\r\nTE: gzip;q=0.5, Trailers\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(parse(bytes, head), H1Fault::None);
  EXPECT_EQ(head.method, Method::Post);
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.path, "/a%20b");
  EXPECT_EQ(head.query, "?c=d&e?f");
  EXPECT_EQ(head.scheme, "");
  EXPECT_EQ(head.authority, "A.Example:8080");
  EXPECT_EQ(head.host, "A.Example");
  EXPECT_EQ(head.minor, 1);
  EXPECT_EQ(head.body, BodyKind::Length);
  EXPECT_EQ(head.length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.takes_trailers);
  EXPECT_EQ(head.upgrade, "");
  ASSERT_EQ(head.fields.size(), 6u);
  EXPECT_EQ(head.fields.all()[0].name, "HOST");
  EXPECT_EQ(head.fields.all()[0].id, FieldName::Host);
  EXPECT_EQ(head.fields.all()[1].value, "one");
  EXPECT_EQ(head.fields.all()[2].name, "x_two");
  EXPECT_EQ(head.fields.all()[2].value, "");
  EXPECT_EQ(head.fields.find(FieldName::ContentLength)->value, "12");
  EXPECT_EQ(head.fields.find(FieldName::Upgrade), nullptr);
}

// One head after another is parsed into the same place.
TEST(H1Request, LeavesNothingToTheNext) {
  const std::string all =
      "POST http://a.example/a?b HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\n"
      "Expect: x\r\nConnection: keep-alive\r\nTE: trailers\r\n\r\n";
  const std::string upgrade = get("Connection: upgrade\r\nUpgrade: websocket\r\n");
  const std::string plain = get("");
  RequestHead head, fresh;
  ASSERT_EQ(parse(all, head), H1Fault::None);
  ASSERT_EQ(parse(upgrade, head), H1Fault::None);
  EXPECT_EQ(head.upgrade, "websocket");
  ASSERT_EQ(parse(plain, head), H1Fault::None);
  ASSERT_EQ(parse(plain, fresh), H1Fault::None);
  EXPECT_EQ(h1_reading::facts_of(head), h1_reading::facts_of(fresh));
}

TEST(H1Request, HasItsTargetTakenApart) {
  struct {
    const char* line;
    const char* host;
    const char* path;
    const char* query;
    const char* scheme;
    const char* authority;
  } cases[] = {
      {"GET / HTTP/1.1", "a.example", "/", "", "", "a.example"},
      {"GET /? HTTP/1.1", "a.example", "/", "?", "", "a.example"},
      {"GET //x HTTP/1.1", "a.example", "//x", "", "", "a.example"},
      {"GET /http://b/ HTTP/1.1", "a.example", "/http://b/", "", "", "a.example"},
      {"GET /?a{|}`\\^\" HTTP/1.1", "a.example", "/", "?a{|}`\\^\"", "", "a.example"},
      {"GET /a|b^c{d}[e]`f'g HTTP/1.1", "a.example", "/a|b^c{d}[e]`f'g", "", "", "a.example"},
      {"GET http://a.example HTTP/1.1", "a.example", "/", "", "http", "a.example"},
      {"GET http://a.example?q HTTP/1.1", "a.example", "/", "?q", "http", "a.example"},
      {"GET HTTPS://A.EXAMPLE.:443/p?q HTTP/1.1", "A.EXAMPLE.", "/p", "?q", "HTTPS",
       "A.EXAMPLE.:443"},
      {"OPTIONS * HTTP/1.1", "a.example", "*", "", "", "a.example"},
      {"OPTIONS http://a.example HTTP/1.1", "a.example", "*", "", "http", "a.example"},
      {"OPTIONS http://a.example?q HTTP/1.1", "a.example", "/", "?q", "http", "a.example"},
      {"OPTIONS http://a.example/ HTTP/1.1", "a.example", "/", "", "http", "a.example"},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.line);
    RequestHead head;
    std::string bytes = get("", sample.line);
    ASSERT_EQ(parse(bytes, head), H1Fault::None);
    EXPECT_EQ(head.host, sample.host);
    EXPECT_EQ(head.path, sample.path);
    EXPECT_EQ(head.query, sample.query);
    EXPECT_EQ(head.scheme, sample.scheme);
    EXPECT_EQ(head.authority, sample.authority);
  }
}

TEST(H1Request, SaysWhetherTheConnectionStays) {
  struct {
    const char* version;
    const char* fields;
    bool stays;
  } cases[] = {
      {"1.1", "", true},
      {"1.7", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Keep-Alive\r\n", true},
      {"1.1", "Connection: keep-alive, CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: x, close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.1", "Connection:\r\n", true},
      {"1.1", "Proxy-Connection: close\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.fields);
    RequestHead head;
    std::string bytes = get(sample.fields, std::string("GET / HTTP/") + sample.version);
    ASSERT_EQ(parse(bytes, head), H1Fault::None);
    EXPECT_EQ(head.keep_alive, sample.stays);
  }
}

TEST(H1Request, SaysWhetherItWantsAnUpgradeOrAWordBeforeItsBody) {
  struct {
    const char* version;
    const char* fields;
    const char* upgrade;
    bool expects;
  } cases[] = {
      {"1.1", "Connection: x, Upgrade\r\nUpgrade: websocket\r\n", "websocket", false},
      {"1.1", "Upgrade: websocket\r\n", "", false},
      {"1.1", "Connection: upgrade\r\n", "", false},
      {"1.1", "Upgrade: a b\r\nUpgrade: c\r\n", "", false},
      {"1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", "", false},
      {"1.1", "Expect: 100-continue\r\nContent-Length: 1\r\n", "", true},
      {"1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "", true},
      {"1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n", "", false},
      {"1.1", "Expect: 100-continue\r\n", "", false},
      {"1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n", "", false},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.fields);
    RequestHead head;
    std::string bytes = get(sample.fields, std::string("GET / HTTP/") + sample.version);
    ASSERT_EQ(parse(bytes, head), H1Fault::None);
    EXPECT_EQ(head.upgrade, sample.upgrade);
    EXPECT_EQ(head.expects_continue, sample.expects);
  }
}

TEST(H1Request, MayNotHaveMoreFieldsThanAllowed) {
  std::string bytes = get("A: 1\r\nB: 2\r\n");
  RequestHead head;
  EXPECT_EQ(parse_request_head(as_bytes(bytes), 3, head), H1Fault::None);
  EXPECT_EQ(parse_request_head(as_bytes(bytes), 2, head), H1Fault::TooManyFields);
  std::string most;
  for (size_t i = 1; i < FieldList::kMost; ++i) most += "X: y\r\n";
  EXPECT_EQ(parse(get(most), head), H1Fault::None);
  EXPECT_EQ(parse(get(most + "X: y\r\n"), head), H1Fault::TooManyFields);
}

TEST(H1Response, IsUnderstood) {
  std::string bytes = "HTTP/1.1 404 Not  Found \r\nContent-Length: 3\r\nServer:\r\n\r\n";
  ResponseHead head;
  ASSERT_EQ(parse(bytes, Method::Get, head), H1Fault::None);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not  Found ");
  EXPECT_EQ(head.minor, 1);
  EXPECT_EQ(head.body, BodyKind::Length);
  EXPECT_EQ(head.length, 3u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 2u);
}

TEST(H1Response, SaysHowItsBodyEnds) {
  struct {
    const char* line;
    const char* fields;
    Method to;
    BodyKind body;
    uint64_t length;
    bool stays;
  } cases[] = {
      {"1.1 200", "Content-Length: 7\r\n", Method::Get, BodyKind::Length, 7, true},
      {"1.1 200", "Content-Length: 0\r\n", Method::Get, BodyKind::Length, 0, true},
      {"1.1 200 OK", "Transfer-Encoding: chunked\r\n", Method::Get, BodyKind::Chunked, 0, true},
      {"1.1 200 ", "", Method::Get, BodyKind::UntilClose, 0, false},
      {"1.1 200", "Connection: keep-alive\r\n", Method::Get, BodyKind::UntilClose, 0, false},
      {"1.0 200", "Content-Length: 7\r\n", Method::Get, BodyKind::Length, 7, false},
      {"1.0 200", "Content-Length: 7\r\nConnection: keep-alive\r\n", Method::Get,
       BodyKind::Length, 7, true},
      {"1.1 200", "Content-Length: 7\r\nConnection: close\r\n", Method::Get, BodyKind::Length, 7,
       false},
      {"1.1 200", "Content-Length: 7\r\n", Method::Head, BodyKind::None, 0, true},
      {"1.1 200", "Transfer-Encoding: chunked\r\n", Method::Head, BodyKind::None, 0, true},
      {"1.1 200", "", Method::Head, BodyKind::None, 0, true},
      {"1.1 204", "", Method::Get, BodyKind::None, 0, true},
      {"1.1 204", "Content-Length: 0\r\n", Method::Get, BodyKind::None, 0, true},
      {"1.1 304", "Content-Length: 7\r\n", Method::Get, BodyKind::None, 0, true},
      {"1.1 304", "Transfer-Encoding: chunked\r\n", Method::Get, BodyKind::None, 0, true},
      {"1.1 100", "", Method::Post, BodyKind::None, 0, true},
      {"1.1 103", "Link: </a>\r\n", Method::Get, BodyKind::None, 0, true},
      {"1.1 101", "Connection: upgrade\r\nUpgrade: websocket\r\n", Method::Get, BodyKind::None, 0,
       false},
      {"1.1 200", "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n", Method::Get,
       BodyKind::Length, 1, true},
  };
  for (const auto& sample : cases) {
    std::string bytes = std::string("HTTP/") + sample.line + "\r\n" + sample.fields + "\r\n";
    SCOPED_TRACE(bytes);
    ResponseHead head;
    ASSERT_EQ(parse(bytes, sample.to, head), H1Fault::None);
    EXPECT_EQ(head.body, sample.body);
    EXPECT_EQ(head.length, sample.length);
    EXPECT_EQ(head.keep_alive, sample.stays);
    EXPECT_EQ(head.upgrade, head.status == 101 ? "websocket" : "");
  }
}

TEST(HeadScan, FindsTheEndAndLeavesWhatFollows) {
  std::string head = get("X: y\r\n");
  HeadScan scan;
  for (size_t size = 0; size < head.size(); ++size) {
    ASSERT_EQ(scan.look(as_bytes(head).first(size), 1000).kind, Kind::NeedMore) << size;
  }
  HeadScan::Result found = scan.look(as_bytes(head + "\n\x01"), 1000);
  EXPECT_EQ(found.kind, Kind::Found);
  EXPECT_EQ(found.size, head.size());
  scan.reset();
  EXPECT_EQ(scan.look(as_bytes(head), 1000).kind, Kind::Found);
}

TEST(HeadScan, GivesAHeadItsWholeRoomAndNoMore) {
  std::string head = get("X: y\r\n");
  EXPECT_EQ(HeadScan().look(as_bytes(head), head.size()).kind, Kind::Found);
  for (size_t most : {size_t{0}, size_t{1}, size_t{15}, head.size() - 2, head.size() - 1}) {
    HeadScan::Result found = HeadScan().look(as_bytes(head), most);
    EXPECT_EQ(found.fault, H1Fault::HeadTooLarge) << most;
    HeadScan drip;
    for (size_t size = 0; size <= most; ++size) {
      ASSERT_EQ(drip.look(as_bytes(head).first(size), most).kind, Kind::NeedMore);
    }
    EXPECT_EQ(drip.look(as_bytes(head).first(most + 1), most).fault, H1Fault::HeadTooLarge);
  }
}

TEST(HeadScan, RefusesAtTheFirstByteThatNothingCanMend) {
  using Of = HeadScan::Of;
  struct {
    Of of;
    std::string good;  // more is needed behind this,
    std::string bad;   // and this ends it
    H1Fault fault;
  } cases[] = {
      {Of::Request, "", "\x16", H1Fault::NotHttp},
      {Of::Request, "", "\n", H1Fault::NotHttp},
      {Of::Request, "\r", "\n", H1Fault::NotHttp},
      {Of::Request, "\r", "G", H1Fault::NotHttp},
      {Of::Request, "GE", std::string(1, '\0'), H1Fault::NotHttp},
      {Of::Request, "GE", "/", H1Fault::BadMethod},
      {Of::Request, "GET", "\r", H1Fault::NotHttp},
      {Of::Request, "GET /", "\n", H1Fault::BareLf},
      {Of::Request, "GET /\r", "\n", H1Fault::BadVersion},
      {Of::Request, "GET /\r", "x", H1Fault::BareCr},
      {Of::Request, "GET / HTTP/1.1\r\nX: ", "\x7f", H1Fault::ControlCharacter},
      {Of::Request, "GET / HTTP/1.1\r\nX: 0123456789abcdef0123", "\x1f", H1Fault::ControlCharacter},
      {Of::Request, "GET / HTTP/1.1\r\n\tX: \xff", "\n", H1Fault::BareLf},
      {Of::Request, "GET / HTTP/1.1\r\n\r", "\r", H1Fault::BareCr},
      {Of::Response, "", "S", H1Fault::NotHttp},
      {Of::Response, "HTT", "Q", H1Fault::NotHttp},
      {Of::Response, "HTTP/1.1 200", "\n", H1Fault::BareLf},
      {Of::Response, "HTTP/1.1 200\r\nX: y", "\b", H1Fault::ControlCharacter},
      {Of::Trailers, "", "\n", H1Fault::BareLf},
      {Of::Trailers, "\r", "\r", H1Fault::BareCr},
      {Of::Trailers, "X: y\r\n", "\x01", H1Fault::ControlCharacter},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.good + sample.bad);
    HeadScan scan(sample.of);
    EXPECT_EQ(scan.look(as_bytes(sample.good), 1000).kind, Kind::NeedMore);
    EXPECT_EQ(scan.look(as_bytes(sample.good + sample.bad), 1000).fault, sample.fault);
    EXPECT_EQ(HeadScan(sample.of).look(as_bytes(sample.good + sample.bad), 1000).fault,
              sample.fault);
  }
  EXPECT_EQ(HeadScan(Of::Trailers).look(as_bytes("\r\n"), 2).size, 2u);
}

// Every byte at every distance from the blocks in which it is looked for.
TEST(HeadScan, SeesEveryControlCharacterAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    for (size_t at = 0; at < 40; ++at) {
      std::string value(40, 'v');
      value[at] = static_cast<char>(byte);
      HeadScan::Result found = HeadScan().look(as_bytes(get("X: " + value + "\r\n")), 1000);
      ASSERT_EQ(found.kind, control ? Kind::Refused : Kind::Found) << byte << " at " << at;
    }
  }
}

TEST(LeadingCrlf, IsPassedOverOnce) {
  EXPECT_EQ(leading_crlf(as_bytes("")), 0u);
  EXPECT_EQ(leading_crlf(as_bytes("\r")), 0u);
  EXPECT_EQ(leading_crlf(as_bytes("\r\n")), 2u);
  EXPECT_EQ(leading_crlf(as_bytes("\r\n\r\nGET")), 2u);
  EXPECT_EQ(leading_crlf(as_bytes("\nGET")), 0u);
  EXPECT_EQ(leading_crlf(as_bytes("GET")), 0u);
}

}  // namespace
}  // namespace sallyport
