#include "dataplane/wire/grpc_health.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using namespace std::string_literals;

// A message as gRPC frames it.
std::string framed(const std::string& message) {
  return "\0\0\0\0"s + static_cast<char>(message.size()) + message;
}

TEST(GrpcHealth, RequestsAreThoseOfTheProto) {
  EXPECT_EQ(grpc_health_request(""), "\0\0\0\0\0"s);
  EXPECT_EQ(grpc_health_request("a.B"), "\0\0\0\0\5\x0a\3a.B"s);
  std::string name(200, 'n');
  EXPECT_EQ(grpc_health_request(name), "\0\0\0\0\xcb\x0a\xc8\1"s + name);
}

TEST(GrpcHealth, EachStatusIsRead) {
  struct Case {
    std::string message;
    ServingStatus status;
  };
  const Case cases[] = {
      {"", ServingStatus::Unknown},
      {"\x08\0"s, ServingStatus::Unknown},
      {"\x08\1", ServingStatus::Serving},
      {"\x08\2", ServingStatus::NotServing},
      {"\x08\3", ServingStatus::ServiceUnknown},
      {"\x08\2\x08\1", ServingStatus::Serving},                     // the last one counts
      {"\x08\x81\0"s, ServingStatus::Serving},                      // longer than it need be
      {"\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\0"s, ServingStatus::Serving},
      {"\x12\3abc\x08\1", ServingStatus::Serving},                  // fields of other versions
      {"\x18\x96\1\x08\1", ServingStatus::Serving},
      {"\x21" "12345678\x08\1", ServingStatus::Serving},
      {"\x08\1\x2d" "1234", ServingStatus::Serving},
      {"\x12\0\x08\1"s, ServingStatus::Serving},
  };
  for (const Case& c : cases) {
    auto parsed = parse_grpc_health_response(as_bytes(framed(c.message)));
    ASSERT_TRUE(parsed) << ::testing::PrintToString(c.message) << parsed.error().message;
    EXPECT_EQ(*parsed, c.status) << ::testing::PrintToString(c.message);
  }
}

TEST(GrpcHealth, HostileMessagesAreRefused) {
  const std::string eleven = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1"s;
  const std::string over_64_bits = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"s;
  const std::string largest = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"s;
  const std::string cases[] = {
      "",
      "\0\0\0\0"s,                        // no whole prefix
      "\1\0\0\0\2\x08\1"s,                // compressed
      "\0\0\0\0\3\x08\1"s,                // cut short
      "\0\xff\xff\xff\xff\x08\1"s,
      "\0\0\0\0\2\x08\1\0\0\0\0\0"s,      // two of them
      "\0\0\0\0\1\x08\1"s,                // something behind it
      framed("\x08"),                     // no value
      framed("\x08\x81"),                 // that does not end
      framed("\x08\4"),                   // that is none of the proto's
      framed("\x08" + largest),           // -1
      framed("\x08" + eleven),
      framed("\x08" + over_64_bits),
      framed(eleven),
      framed("\x80"),
      framed("\0\1"s),                    // a field without number
      framed("\xf8\xff\xff\xff\x7f\1"),   // of 32 bits, where there are 29
      framed("\x0a\1\1"),                 // the status as text
      framed("\x09" "12345678"),
      framed("\x0d" "1234"),
      framed("\x12\4abc"),                // lengths past the end
      framed("\x12" + largest + "abc"),
      framed("\x12"),
      framed("\x11" "1234567"),
      framed("\x15" "123"),
      framed("\x13\x14\x08\1"),           // a group
      framed("\x16\x08\1"), framed("\x17\x08\1"),
  };
  for (const std::string& c : cases) {
    EXPECT_FALSE(parse_grpc_health_response(as_bytes(c))) << ::testing::PrintToString(c);
  }
}

TEST(GrpcHealth, WhatIsBehindItsNumberIsTold) {
  auto parsed = parse_grpc_health_response(as_bytes(framed("\x08\7")));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "the status 7 is none of health.proto");
  EXPECT_STREQ(name(ServingStatus::NotServing), "NOT_SERVING");
}

}  // namespace
}  // namespace sallyport
