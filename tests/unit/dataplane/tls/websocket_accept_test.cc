#include "dataplane/tls/websocket_accept.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

// RFC 6455 section 1.3.
TEST(WebSocketAccept, IsThatOfTheStandard) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==").view(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketKey, IsSixteenBytesInBase64) {
  EXPECT_EQ(websocket_key("0123456789abcdef0123456789abcdef").view(), "0123456789abcdef01234A==");
}

}  // namespace
}  // namespace sallyport
