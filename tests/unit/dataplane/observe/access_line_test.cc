#include "dataplane/observe/access_line.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace sallyport {
namespace {

rapidjson::Document parse(const ConnectionRecord& record) {
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
            R"({"time":"2026-03-31T23:04:05.060007Z","id":42,"listener":"https",)"
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
  for (const char* key : {"time", "id", "listener", "client", "connect_attempts",
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

}  // namespace
}  // namespace sallyport
