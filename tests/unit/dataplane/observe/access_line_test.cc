#include "dataplane/observe/access_line.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>
#include <vector>

namespace sallyport {
namespace {

template <class Record>
rapidjson::Document parse(const Record& record) {
  std::string line;
  append_access_line(line, record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.c_str(), line.size());
  EXPECT_FALSE(document.HasParseError()) << line;
  return document;
}

TEST(AccessLine, SaysEverythingOfAWholeConnection) {
  ConnectionRecord r;
  r.id = 42;
  r.start = WallTime(Micros(1'774'998'245'060'007));
  r.peer = *Address::parse("10.0.0.9:5000");
  r.client = *Address::parse("[2001:db8::7]:61000");
  r.listener = "https";
  r.site = "bank.example.com";
  r.routed = true;
  r.scenario = Scenario::Reencrypt;
  r.sni = "www.bank.example.com";
  r.alpn = "http/1.1";
  r.tls_version = "TLSv1.3";
  r.tls_cipher = "TLS_AES_128_GCM_SHA256";
  r.tls_resumed = true;
  r.service = "bank";
  r.endpoint = *Address::parse("10.0.3.10:8443");
  r.connect_attempts = 2;
  r.bytes_from_client = 100;
  r.bytes_from_backend = 5'000'000'000;
  r.hello = Micros(1);
  r.client_handshake = Micros(2);
  r.connected = Micros(3);
  r.backend_handshake = Micros(4);
  r.duration = Micros(5);
  r.reason = Reason::BackendReset;
  r.by = Side::Backend;
  r.doing = "relaying";
  r.detail = "Connection reset by peer";

  std::string line;
  append_access_line(line, r);
  EXPECT_EQ(line,
            R"({"time":"2026-03-31T23:04:05.060007Z","kind":"connection","id":42,)"
            R"("listener":"https",)"
            R"("client":"[2001:db8::7]:61000","peer":"10.0.0.9:5000",)"
            R"("site":"bank.example.com","scenario":"reencrypt",)"
            R"("sni":"www.bank.example.com","alpn":"http/1.1","tls_version":"TLSv1.3",)"
            R"("tls_cipher":"TLS_AES_128_GCM_SHA256","tls_resumed":true,)"
            R"("service":"bank","endpoint":"10.0.3.10:8443","connect_attempts":2,)"
            R"("bytes_from_client":100,"bytes_from_backend":5000000000,)"
            R"("hello_us":1,"client_handshake_us":2,"connected_us":3,)"
            R"("backend_handshake_us":4,"duration_us":5,"reason":"backend_reset",)"
            R"("by":"backend","doing":"relaying","detail":"Connection reset by peer"})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatIsNotKnown) {
  ConnectionRecord r;
  r.client = r.peer = *Address::parse("10.0.0.9:5000");
  r.listener = "https";
  r.reason = Reason::HelloTimeout;
  rapidjson::Document line = parse(r);
  for (const char* key : {"peer", "site", "scenario", "sni", "alpn", "tls_version", "tls_cipher",
                          "tls_resumed", "service", "endpoint", "hello_us", "client_handshake_us",
                          "connected_us", "backend_handshake_us", "detail"}) {
    EXPECT_FALSE(line.HasMember(key)) << key;
  }
  for (const char* key : {"time", "kind", "id", "listener", "client", "connect_attempts",
                          "bytes_from_client", "bytes_from_backend", "duration_us", "reason", "by",
                          "doing"}) {
    EXPECT_TRUE(line.HasMember(key)) << key;
  }
  EXPECT_STREQ(line["reason"].GetString(), "hello_timeout");
}

TEST(AccessLine, KeepsZeroTimes) {
  ConnectionRecord r;
  r.hello = Micros(0);
  EXPECT_EQ(parse(r)["hello_us"].GetInt(), 0);
}

TEST(AccessLine, IsValidAndShortWhateverAPeerSays) {
  const std::string hostile[] = {
      "\xff\xfe\x80", "a\"},{\"reason\":\"closed", "line\nbreak\r", std::string("\0x", 2),
      "\x1b[31m", std::string(65'536, '\xc3'), std::string(65'536, '\x01'),
  };
  for (const std::string& text : hostile) {
    ConnectionRecord r;
    r.sni = r.alpn = r.detail = text;
    rapidjson::Document line = parse(r);
    EXPECT_STREQ(line["reason"].GetString(), "closed");
    EXPECT_LE(line["sni"].GetStringLength(), 512u * 3 + 3);
    std::string written;
    append_access_line(written, r);
    EXPECT_LT(written.size(), 12'000u);
  }
}

RequestRecord whole_request() {
  RequestRecord r;
  r.connection = 42;
  r.request_id = "0123456789abcdef0123456789abcdef";
  r.start = WallTime(Micros(1'774'998'245'060'007));
  r.peer = *Address::parse("10.0.0.9:5000");
  r.client = *Address::parse("[2001:db8::7]:61000");
  r.listener = "https";
  r.protocol = "HTTP/1.1";
  r.tls_version = "TLSv1.3";
  r.tls_cipher = "TLS_AES_128_GCM_SHA256";
  r.tls_resumed = true;
  r.sni = "bank.example.com";
  r.client_subject = "CN=teller";
  r.method = "POST";
  r.host = "www.bank.example.com";
  r.path = "/admin/pay?to=%22me%22";
  r.user_agent = "curl/8.1";
  r.referer = "https://bank.example.com/";
  r.x_forwarded_for = "192.0.2.1";
  r.routed = true;
  r.scenario = Scenario::Reencrypt;
  r.site = "bank.example.com";
  r.route = "/admin";
  r.service = "bank";
  r.endpoint = *Address::parse("10.0.3.10:8443");
  r.connect_attempts = 2;
  r.reused_connection = r.retried = r.upgraded = true;
  r.status = 502;
  r.backend_status = 200;
  r.request_head_bytes = 100;
  r.request_body_bytes = 5'000'000'000;
  r.response_head_bytes = 101;
  r.response_body_bytes = 6'000'000'000;
  r.backend_body_bytes = 6'000'000'001;
  r.request_head = Micros(0);
  r.connected = Micros(1);
  r.request_sent = Micros(2);
  r.response_head = Micros(3);
  r.response_end = Micros(4);
  r.duration = Micros(5);
  r.end = RequestEnd::BackendFailed;
  r.doing = "passing the response on";
  r.detail = "Connection reset by peer";
  return r;
}

TEST(AccessLine, SaysEverythingOfAWholeRequest) {
  std::string line;
  append_access_line(line, whole_request());
  EXPECT_EQ(line,
            R"({"time":"2026-03-31T23:04:05.060007Z","kind":"request","connection":42,)"
            R"("request_id":"0123456789abcdef0123456789abcdef","listener":"https",)"
            R"("client":"[2001:db8::7]:61000","peer":"10.0.0.9:5000",)"
            R"("method":"POST","host":"www.bank.example.com","path":"/admin/pay?to=%22me%22",)"
            R"("protocol":"HTTP/1.1","status":502,"user_agent":"curl/8.1",)"
            R"("referer":"https://bank.example.com/","x_forwarded_for":"192.0.2.1",)"
            R"("sni":"bank.example.com","tls_version":"TLSv1.3",)"
            R"("tls_cipher":"TLS_AES_128_GCM_SHA256","tls_resumed":true,)"
            R"("client_subject":"CN=teller","site":"bank.example.com","scenario":"reencrypt",)"
            R"("route":"/admin","service":"bank","endpoint":"10.0.3.10:8443",)"
            R"("connect_attempts":2,"backend_status":200,"reused_connection":true,)"
            R"("retried":true,"upgraded":true,"request_head_bytes":100,)"
            R"("request_body_bytes":5000000000,"response_head_bytes":101,)"
            R"("response_body_bytes":6000000000,"backend_body_bytes":6000000001,)"
            R"("request_head_us":0,"connected_us":1,"request_sent_us":2,)"
            R"("response_head_us":3,"response_end_us":4,"duration_us":5,)"
            R"("end":"backend_failed","doing":"passing the response on",)"
            R"("detail":"Connection reset by peer"})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatIsNotKnownOfARequest) {
  rapidjson::Document line = parse(RequestRecord());
  std::vector<std::string> keys;
  for (const auto& member : line.GetObject()) keys.push_back(member.name.GetString());
  EXPECT_EQ(keys, (std::vector<std::string>{
                      "time", "kind", "connection", "listener", "client", "connect_attempts",
                      "request_head_bytes", "request_body_bytes", "response_head_bytes",
                      "response_body_bytes", "duration_us", "end", "doing"}));
}

TEST(AccessLine, OfARequestIsValidAndShortWhateverAPeerSays) {
  const std::string hostile[] = {
      "\xff\xfe\x80", "a\"},{\"end\":\"drained", "line\nbreak\r", std::string("\0x", 2),
      "\x1b[31m", std::string(65'536, '\xc3'), std::string(65'536, '\x01'),
  };
  for (const std::string& text : hostile) {
    RequestRecord r;
    r.method = r.host = r.path = r.user_agent = r.referer = r.x_forwarded_for = r.detail = text;
    rapidjson::Document line = parse(r);
    EXPECT_STREQ(line["end"].GetString(), "complete");
    EXPECT_LE(line["host"].GetStringLength(), 512u * 3 + 3);
    EXPECT_LE(line["path"].GetStringLength(), 2048u * 3 + 3);
  }
}

}  // namespace
}  // namespace sallyport
