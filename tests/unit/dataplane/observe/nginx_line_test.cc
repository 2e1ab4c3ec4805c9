#include "dataplane/observe/nginx_line.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

template <class Record>
std::string line_of(const Record& record) {
  std::string line;
  append_nginx_line(line, record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  line.pop_back();
  return line;
}

RequestRecord request() {
  RequestRecord r;
  r.start = WallTime(Micros(1'774'998'245'060'007));
  r.client = *Address::parse("10.0.0.9:5000");
  r.method = "GET";
  r.path = "/a?b=c";
  r.protocol = "HTTP/1.1";
  r.status = 200;
  r.request_head_bytes = 400;
  r.request_body_bytes = 60;
  r.response_head_bytes = 100;
  r.response_body_bytes = 5'000'000'000;
  r.request_head = Micros(1'000);
  r.duration = Micros(1'939'993);
  r.request_id = "0123456789abcdef0123456789abcdef";
  return r;
}

RequestRecord relayed_request() {
  RequestRecord r = request();
  r.user_agent = "curl/8.1 (x)";
  r.referer = "https://shop.example.com/";
  r.service = "shop";
  r.endpoint = *Address::parse("10.0.3.10:8443");
  r.backend_status = 200;
  r.backend_body_bytes = 5'000'000'000;
  r.response_end = Micros(1'037'999);
  return r;
}

TEST(NginxLine, OfARequest) {
  EXPECT_EQ(line_of(relayed_request()),
            "10.0.0.9 - - [31/Mar/2026:23:04:07 +0000] \"GET /a?b=c HTTP/1.1\" 200 5000000000 "
            "\"https://shop.example.com/\" \"curl/8.1 (x)\" 460 1.939 [shop] [] "
            "10.0.3.10:8443 5000000000 1.036 200 0123456789abcdef0123456789abcdef");
}

TEST(NginxLine, OfARequestThatTheProxyAnswered) {
  RequestRecord r = request();
  r.status = 404;
  EXPECT_EQ(line_of(r),
            "10.0.0.9 - - [31/Mar/2026:23:04:07 +0000] \"GET /a?b=c HTTP/1.1\" 404 5000000000 "
            "\"-\" \"-\" 460 1.939 [-] [] - - - - 0123456789abcdef0123456789abcdef");
}

TEST(NginxLine, OfABackendThatDidNotAnswer) {
  RequestRecord r = relayed_request();
  r.client = *Address::parse("[2001:db8::7]:61000");
  r.endpoint = *Address::parse("[fd00::1]:80");
  r.status = 504;
  r.backend_status = 0;
  r.backend_body_bytes = 0;
  r.response_end = Micros(-1);
  EXPECT_EQ(line_of(r),
            "2001:db8::7 - - [31/Mar/2026:23:04:07 +0000] \"GET /a?b=c HTTP/1.1\" 504 5000000000 "
            "\"https://shop.example.com/\" \"curl/8.1 (x)\" 460 1.939 [shop] [] "
            "[fd00::1]:80 0 1.938 - 0123456789abcdef0123456789abcdef");
}

TEST(NginxLine, OfNoRequestAtAll) {
  EXPECT_EQ(line_of(RequestRecord()),
            "- - - [01/Jan/1970:00:00:00 +0000] \"\" 000 0 \"-\" \"-\" 0 0.000 [-] [] - - - - -");
}

TEST(NginxLine, ShowsA499WhereTheClientGaveUp) {
  RequestRecord r = request();
  r.status = 0;
  r.end = RequestEnd::ClientAborted;
  EXPECT_NE(line_of(r).find("\" 499 "), std::string::npos);
  r.end = RequestEnd::Drained;
  EXPECT_NE(line_of(r).find("\" 000 "), std::string::npos);
}

// What nginx' ngx_http_log_escape does to each byte.
TEST(NginxLine, EscapesWhatPeersChoseAsNginxDoes) {
  struct {
    std::string sent, shown;
  } rows[] = {
      {"plain ~!", "plain ~!"},
      {"\"", "\\x22"},
      {"\\", "\\x5C"},
      {"a\r\nb", "a\\x0D\\x0Ab"},
      {std::string("\0", 1), "\\x00"},
      {"\x1b[31m", "\\x1B[31m"},
      {"\x7f", "\\x7F"},
      {"\xc3\xa9", "\\xC3\\xA9"},
      {"\x1f\x20", "\\x1F "},
  };
  for (const auto& [sent, shown] : rows) {
    RequestRecord r = request();
    r.user_agent = sent;
    EXPECT_NE(line_of(r).find("\"-\" \"" + shown + "\" 460"), std::string::npos) << line_of(r);
    r = request();
    r.referer = sent;
    EXPECT_NE(line_of(r).find(" \"" + shown + "\" \"-\" 460"), std::string::npos) << line_of(r);
    r = request();
    r.path = sent;
    EXPECT_NE(line_of(r).find("\"GET " + shown + " HTTP/1.1\" 200"), std::string::npos);
  }
}

TEST(NginxLine, CutsWhatIsLong) {
  std::string endless(100'000, '"');
  RequestRecord r = request();
  r.method = r.path = r.user_agent = r.referer = endless;
  EXPECT_LT(line_of(r).size(), 4 * (4096 + 3 * 512) + 500u);
}

TEST(NginxLine, KnowsTheMonths) {
  const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned month = 1; month <= 12; ++month) {
    using namespace std::chrono;
    sys_days day = year(2028) / static_cast<int>(month) / 29;
    RequestRecord r;
    r.start = WallTime(duration_cast<Micros>(day.time_since_epoch()) + hours(23) + minutes(59) +
                       seconds(58));
    std::string expected = std::string("[29/") + months[month - 1] + "/2028:23:59:58 +0000]";
    EXPECT_NE(line_of(r).find(expected), std::string::npos) << line_of(r);
  }
}

TEST(NginxLine, OfAConnection) {
  ConnectionRecord r;
  r.start = WallTime(Micros(1'774'998'245'060'007));
  r.client = *Address::parse("[2001:db8::7]:61000");
  r.bytes_from_client = 100;
  r.bytes_from_backend = 5'000'000'000;
  r.duration = Micros(61'002'999);
  EXPECT_EQ(line_of(r),
            "[2001:db8::7] [31/Mar/2026:23:05:06 +0000] TCP 200 5000000000 100 61.002");
  struct {
    Reason reason;
    const char* status;
  } rows[] = {
      {Reason::ClientReset, "200"},       {Reason::ClientLeft, "400"},
      {Reason::HelloMalformed, "400"},    {Reason::ClientHandshakeFailed, "400"},
      {Reason::NoEndpoint, "502"},        {Reason::ClientCertificateMissing, "403"},
      {Reason::ConnectFailed, "502"},     {Reason::BackendReset, "502"},
      {Reason::OverConnections, "503"},   {Reason::OverConnectionsPerClient, "503"},
      {Reason::IdleTimeout, "200"},       {Reason::DrainTimeout, "200"},
  };
  for (const auto& [reason, status] : rows) {
    r.reason = reason;
    EXPECT_NE(line_of(r).find(std::string(" TCP ") + status + " "), std::string::npos)
        << name(reason);
  }
}

}  // namespace
}  // namespace sallyport
