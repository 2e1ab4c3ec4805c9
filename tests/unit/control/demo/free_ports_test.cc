#include "control/demo/free_ports.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport {
namespace {

TEST(FreePorts, GivesOutNoPortTwice) {
  FreePorts ports;
  const Address loopback = *Address::parse("127.0.0.1:0");
  Result<uint16_t> first = ports.take(loopback);
  Result<uint16_t> second = ports.take(loopback);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(*first, 0);
  EXPECT_NE(*first, *second);
}

TEST(FreePorts, RefusesAPortThatIsListenedOnEvenIfItMayBeShared) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const Address loopback = *Address::parse("127.0.0.1:0");
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ASSERT_EQ(::bind(listener, loopback.raw(), loopback.raw_size()), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size), 0);
  const Address address = loopback.with_port(ntohs(bound.sin_port));
  Result<uint16_t> refused = FreePorts().take(address);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find(address.text()), std::string::npos)
      << refused.error().message;
  ::close(listener);
}

}  // namespace
}  // namespace sallyport
