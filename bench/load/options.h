// What the load generator was asked to do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/common/socket.h"
#include "bench/common/tls_context.h"

namespace sallyport::bench {

using Clock = std::chrono::steady_clock;

enum class ExchangeKind : uint8_t { Echo, Request, Duplex, Connect };

/// Somebody to talk to at the target's address: a name and, perhaps, who we are to it.
struct Host {
  std::string name;  // SNI, what the certificate is checked against, Host; empty: none
  std::string certificate, key;
};

struct Options {
  std::string target_text;
  SocketAddress target;
  std::vector<Host> hosts;  // connections are dealt to them in turn; at least one

  bool tls = false;
  bool resume = false;
  TlsSettings tls_settings;

  ExchangeKind kind = ExchangeKind::Request;
  uint64_t size = 1024;         // echo: bytes each way; duplex: bytes sent
  uint64_t receive = 0;         // duplex: bytes expected
  bool end_last = false;        // duplex: half-close only after the peer has
  std::string method, path = "/";
  uint64_t body = 0;
  std::vector<std::string> headers;
  bool http2 = false;           // request: over HTTP/2, one stream at a time
  bool persistent = false;      // request: without "Connection: close", whatever comes after
  int expected_status = 0;      // 0: any below 400

  uint32_t connections = 1;
  uint32_t threads = 1;
  bool new_connections = false;  // one per exchange
  double rate = 0;               // exchanges a second over all threads; 0: closed loop
  uint64_t count = 0;  // exchanges after the warm-up, failed ones included; 0: as many as fit
  std::chrono::nanoseconds duration{0};  // 0: until `count`
  std::chrono::nanoseconds warm_up{0};
  std::chrono::nanoseconds linger{0};    // connections stay open so long after the last exchange
  std::chrono::nanoseconds timeout{0};   // of one exchange, its connection included
  std::vector<pid_t> watched;    // processes whose CPU time is taken over the measured window

  bool json = false;
  bool fail_on_error = false;
};

/// Exits with help or usage errors on its own (status 0 or 2).
Options parse_options(int argc, char** argv);

}  // namespace sallyport::bench
