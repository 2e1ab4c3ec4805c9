#include "dataplane/wire/h2_head.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Made {
  H1Fault fault;
  std::string text;
};

Made make(H2HeadText::Of of, const Fields& fields, bool end, Method to = Method::Get,
          size_t most = 1024) {
  BlockPool pool;
  H2HeadText head(pool);
  Block out(pool);
  head.begin(of, most);
  for (const auto& [name, value] : fields) head.add(name, value);
  H1Fault fault = head.end(end, out, to);
  return {fault, std::string(as_text(Bytes(out.rest())))};
}

Made request(const Fields& fields, bool end = true) {
  return make(H2HeadText::Of::Request, fields, end);
}

// What the translation takes, the parser of HTTP/1.1 may still refuse: together they are the rule.
H1Fault fault_of(const Fields& fields) {
  Made made = request(fields);
  if (made.fault != H1Fault::None) return made.fault;
  static RequestHead head;
  return parse_request_head(as_bytes(made.text), 100, head);
}

Fields get(const Fields& more = {}) {
  Fields fields = {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"},
                   {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Fields without(const char* name, Fields fields) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

Fields with(const char* name, const char* value, Fields fields) {
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}

TEST(H2HeadText, ARequestIsOneOfHttp1) {
  Made made = request(with(":path", "/a?b", get({{"accept", "*/*"}, {"x-two", "a"}})));
  EXPECT_EQ(made.fault, H1Fault::None);
  EXPECT_EQ(made.text, "GET /a?b HTTP/1.1\r\nHost: a.test\r\naccept: */*\r\nx-two: a\r\n\r\n");
}

TEST(H2HeadText, CookieCrumbsAreOneField) {
  Made made = request(get({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2"}}));
  EXPECT_EQ(made.text,
            "GET / HTTP/1.1\r\nHost: a.test\r\naccept: x\r\ncookie: a=1; b=2\r\n\r\n");
}

TEST(H2HeadText, ABodyWithoutALengthIsChunked) {
  EXPECT_NE(request(get(), false).text.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  Made counted = request(get({{"content-length", "5"}}), false);
  EXPECT_EQ(counted.text.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(counted.text.find("content-length: 5\r\n"), std::string::npos);
}

TEST(H2HeadText, HostStandsInForTheAuthority) {
  Made made = request(without(":authority", get({{"host", "b.test"}})));
  EXPECT_EQ(made.text, "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
}

TEST(H2HeadText, AsteriskIsForOptions) {
  EXPECT_EQ(fault_of(with(":method", "OPTIONS", with(":path", "*", get()))), H1Fault::None);
  EXPECT_EQ(fault_of(with(":path", "*", get())), H1Fault::BadTarget);
}

struct Refused {
  const char* name;
  H1Fault fault;
  Fields fields;
};

std::vector<Refused> must_be_refused() {
  using enum H1Fault;
  return {
      {"no method", BadPseudoField, without(":method", get())},
      {"no scheme", BadPseudoField, without(":scheme", get())},
      {"no path", BadPseudoField, without(":path", get())},
      {"no authority and no host", NoHost, without(":authority", get())},
      {"an empty path", BadTarget, with(":path", "", get())},
      {"a path without a slash", BadTarget, with(":path", "a", get())},
      {"an absolute path", BadTarget, with(":path", "http://b.test/", get())},
      {"a space in the path", BadTarget, with(":path", "/a b", get())},
      {"a line in the path", BadTarget, with(":path", "/ HTTP/1.1\r\nX: y\r\nZ: ", get())},
      {"a fragment in the path", BadTarget, with(":path", "/a#b", get())},
      {"a version in the method", BadMethod, with(":method", "GET / HTTP/1.1\r\n", get())},
      {"an empty method", BadMethod, with(":method", "", get())},
      {"CONNECT", BadTarget, with(":method", "CONNECT", get())},
      {"another scheme", BadPseudoField, with(":scheme", "ftp", get())},
      {"a line in the authority", InvalidHost, with(":authority", "a.test\r\nX: y", get())},
      {"a user in the authority", InvalidHost, with(":authority", "u@a.test", get())},
      {"a path in the authority", InvalidHost, with(":authority", "a.test/x", get())},
      {"an empty authority", InvalidHost, with(":authority", "", get())},
      {"a host that is another", HostDiffers, get({{"host", "b.test"}})},
      {"two hosts", SeveralHosts, get({{"host", "a.test"}, {"host", "a.test"}})},
      {"two methods", BadPseudoField, get({{":method", "GET"}})},
      {"two paths", BadPseudoField, get({{":path", "/"}})},
      {"an unknown pseudo-header", BadPseudoField, get({{":x", "y"}})},
      {"a pseudo-header of responses", BadPseudoField, get({{":status", "200"}})},
      {"a pseudo-header behind a field", BadPseudoField,
       {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {"x", "y"}, {":path", "/"}}},
      {"upper case", BadFieldName, get({{"Accept", "x"}})},
      {"an empty name", BadFieldName, get({{"", "x"}})},
      {"a space in a name", BadFieldName, get({{"a b", "x"}})},
      {"a colon in a name", BadFieldName, get({{"a:b", "x"}})},
      {"a line in a name", BadFieldName, get({{"a\r\nb", "x"}})},
      {"a CR in a value", ControlCharacter, get({{"a", "x\ry"}})},
      {"a LF in a value", ControlCharacter, get({{"a", "x\ny"}})},
      {"a NUL in a value", ControlCharacter, get({{"a", std::string("x\0y", 3)}})},
      {"Connection", ConnectionField, get({{"connection", "close"}})},
      {"Keep-Alive", ConnectionField, get({{"keep-alive", "1"}})},
      {"Proxy-Connection", ConnectionField, get({{"proxy-connection", "close"}})},
      {"Transfer-Encoding", ConnectionField, get({{"transfer-encoding", "chunked"}})},
      {"Upgrade", ConnectionField, get({{"upgrade", "websocket"}})},
      {"TE but trailers", ConnectionField, get({{"te", "gzip"}})},
      {"two lengths", SeveralContentLengths,
       get({{"content-length", "1"}, {"content-length", "1"}})},
      {"a list of lengths", SeveralContentLengths, get({{"content-length", "1,1"}})},
      {"a signed length", BadContentLength, get({{"content-length", "+1"}})},
      {"the other spelling of a length", BadFieldName, get({{"content_length", "1"}})},
      {"the other spelling of a coding", BadFieldName, get({{"transfer_encoding", "chunked"}})},
      {"another expectation", BadExpect, get({{"expect", "wonders"}})},
  };
}

TEST(H2HeadText, RefusesWhatHasNoOneMeaning) {
  EXPECT_EQ(fault_of(get()), H1Fault::None);
  for (const Refused& row : must_be_refused()) {
    EXPECT_STREQ(name(fault_of(row.fields)), name(row.fault)) << row.name;
  }
}

TEST(H2HeadText, WhatIsTooLargeIsCountedAndForgotten) {
  Made made = make(H2HeadText::Of::Request, get({{"a", std::string(2000, 'x')}}), true);
  EXPECT_EQ(made.fault, H1Fault::HeadTooLarge);
  EXPECT_EQ(made.text, "");
}

TEST(H2HeadText, AResponseIsOneOfHttp1) {
  Fields fields = {{":status", "200"}, {"x", "y"}};
  EXPECT_EQ(make(H2HeadText::Of::Response, fields, false).text,
            "HTTP/1.1 200 OK\r\nx: y\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(make(H2HeadText::Of::Response, fields, true).text,
            "HTTP/1.1 200 OK\r\nx: y\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(make(H2HeadText::Of::Response, fields, true, Method::Head).text,
            "HTTP/1.1 200 OK\r\nx: y\r\n\r\n");
  EXPECT_EQ(make(H2HeadText::Of::Response, {{":status", "103"}}, false).text,
            "HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_EQ(make(H2HeadText::Of::Response, {{":status", "299"}}, true).text,
            "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
}

TEST(H2HeadText, RefusesResponsesThatAreNone) {
  using enum H1Fault;
  const std::vector<Refused> rows = {
      {"no status", BadStatus, {{"x", "y"}}},
      {"101", BadStatus, {{":status", "101"}}},
      {"a status of two digits", BadStatus, {{":status", "20"}}},
      {"a line in the status", BadStatus, {{":status", "2\r\n"}}},
      {"a method", BadPseudoField, {{":status", "200"}, {":method", "GET"}}},
      {"Connection", ConnectionField, {{":status", "200"}, {"connection", "x"}}},
  };
  for (const Refused& row : rows) {
    EXPECT_STREQ(name(make(H2HeadText::Of::Response, row.fields, true).fault), name(row.fault))
        << row.name;
  }
}

TEST(H2HeadText, TrailersHaveNoPseudoHeaders) {
  EXPECT_EQ(make(H2HeadText::Of::Trailers, {{"grpc-status", "0"}}, true).text,
            "grpc-status: 0\r\n\r\n");
  EXPECT_EQ(make(H2HeadText::Of::Trailers, {{":path", "/"}}, true).fault, H1Fault::BadPseudoField);
}

std::string fields_text(const H2FieldArray& fields) {
  std::string text;
  for (const H2Field& field : fields.all()) {
    text += std::string(field.name) + "=" + std::string(field.value) + "\n";
  }
  return text;
}

MutableBytes bytes_of(std::string& text) {
  return {reinterpret_cast<uint8_t*>(text.data()), text.size()};
}

TEST(H2Fields, OfAResponse) {
  std::string head = "HTTP/1.1 404 Not Found\r\nX-A: b: c\r\nConnection: close\r\n"
                     "Transfer-Encoding: chunked\r\nEmpty: \r\n\r\n";
  H2FieldArray fields;
  ASSERT_TRUE(h2_response_fields(bytes_of(head), fields));
  EXPECT_EQ(fields_text(fields), ":status=404\nx-a=b: c\nempty=\n");
}

TEST(H2Fields, OfARequest) {
  std::string head = "POST /a?b HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\nConnection: TE\r\n"
                     "Upgrade: x\r\nA: b\r\n\r\n";
  H2FieldArray fields;
  ASSERT_TRUE(h2_request_fields(bytes_of(head), "http", fields));
  EXPECT_EQ(fields_text(fields), ":method=POST\n:scheme=http\n:authority=a.test\n:path=/a?b\n"
                                 "te=trailers\na=b\n");
}

TEST(H2Fields, MoreThanThereIsRoomForAreRefused) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 250; ++i) head += "a: b\r\n";
  head += "\r\n";
  H2FieldArray fields;
  EXPECT_FALSE(h2_response_fields(bytes_of(head), fields));
}

Fields connect(const Fields& more = {}) {
  Fields fields = with(":method", "CONNECT", get());
  fields.insert(fields.begin(), {":protocol", "websocket"});
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(H2HeadText, AnExtendedConnectIsAnUpgrade) {
  Made made = request(connect({{"sec-websocket-version", "13"}}), false);
  EXPECT_EQ(made.fault, H1Fault::None);
  EXPECT_EQ(made.text,
            "GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "sec-websocket-version: 13\r\n\r\n");
  RequestHead head;
  ASSERT_EQ(parse_request_head(as_bytes(made.text), 100, head), H1Fault::None);
  EXPECT_EQ(head.upgrade, "websocket");
  EXPECT_EQ(head.body, BodyKind::None);
}

TEST(H2HeadText, OtherConnectsAreRefused) {
  EXPECT_EQ(fault_of(with(":method", "CONNECT", get())), H1Fault::BadTarget);
  EXPECT_EQ(fault_of(with(":protocol", "connect-udp", connect())), H1Fault::UnknownProtocol);
  EXPECT_EQ(fault_of(with(":protocol", "", connect())), H1Fault::UnknownProtocol);
  EXPECT_EQ(fault_of(with(":method", "GET", connect())), H1Fault::BadPseudoField);
  EXPECT_EQ(fault_of(without(":path", connect())), H1Fault::BadPseudoField);
  EXPECT_EQ(fault_of(connect({{"content-length", "3"}})), H1Fault::BadContentLength);
  EXPECT_EQ(fault_of(connect({{"upgrade", "h2c"}})), H1Fault::ConnectionField);
}

std::string fields_of(const H2FieldArray& fields) {
  std::string text;
  for (const H2Field& field : fields.all()) {
    text += std::string(field.name) + "=" + std::string(field.value) + " ";
  }
  return text;
}

TEST(H2Fields, AnUpgradeToWebSocketIsAnExtendedConnect) {
  std::string head =
      "GET /chat?a HTTP/1.1\r\nHost: a.test\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: chat\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n\r\n";
  H2FieldArray fields;
  ASSERT_TRUE(h2_request_fields({reinterpret_cast<uint8_t*>(head.data()), head.size()}, "https",
                                fields));
  EXPECT_EQ(fields_of(fields),
            ":method=CONNECT :protocol=websocket :scheme=https :authority=a.test :path=/chat?a "
            "sec-websocket-protocol=chat ");
}

TEST(H2Fields, A101IsA200WithoutAKey) {
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
      "Sec-WebSocket-Protocol: chat\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
  H2FieldArray fields;
  ASSERT_TRUE(h2_response_fields({reinterpret_cast<uint8_t*>(head.data()), head.size()}, fields));
  EXPECT_EQ(fields_of(fields), ":status=200 sec-websocket-protocol=chat ");
}

// The answer to a head that is refused is a response to HEAD all the same.
TEST(H2Head, IsKnownToBeHeadWhateverElseIsWrong) {
  BlockPool pool;
  H2HeadText head(pool);
  head.begin(H2HeadText::Of::Request, 32);
  EXPECT_FALSE(head.is_head());
  head.add(":method", "HEAD");
  head.add("x-large", std::string(100, 'x'));
  EXPECT_TRUE(head.is_head());
  head.begin(H2HeadText::Of::Request, 32);
  head.add(":method", "GET");
  EXPECT_FALSE(head.is_head());
}

}  // namespace
}  // namespace sallyport
