#include "dataplane/observe/reason.h"

#include <cstddef>

namespace sallyport {

namespace {

struct ReasonRow {
  const char* name;
  Side side;
};

constexpr ReasonRow kReasons[] = {
    {"closed", Side::Client},
    {"client_reset", Side::Client},
    {"client_truncated", Side::Client},
    {"client_key_update", Side::Client},
    {"client_left", Side::Client},
    {"backend_reset", Side::Backend},
    {"backend_truncated", Side::Backend},
    {"backend_key_update", Side::Backend},
    {"proxy_header_missing", Side::Client},
    {"proxy_header_malformed", Side::Client},
    {"proxy_header_untrusted", Side::Client},
    {"hello_timeout", Side::Client},
    {"hello_too_large", Side::Client},
    {"hello_malformed", Side::Client},
    {"not_tls", Side::Client},
    {"unknown_sni", Side::Client},
    {"no_sni", Side::Client},
    {"site_refuses", Side::Proxy},
    {"client_handshake_failed", Side::Client},
    {"client_handshake_timeout", Side::Client},
    {"client_certificate_missing", Side::Client},
    {"client_certificate_rejected", Side::Client},
    {"no_endpoint", Side::Proxy},
    {"connect_failed", Side::Backend},
    {"connect_timeout", Side::Backend},
    {"backend_handshake_failed", Side::Backend},
    {"backend_handshake_timeout", Side::Backend},
    {"backend_certificate_rejected", Side::Backend},
    {"idle_timeout", Side::Proxy},
    {"half_closed_timeout", Side::Proxy},
    {"drain_timeout", Side::Proxy},
    {"over_connections", Side::Proxy},
    {"over_connections_per_client", Side::Proxy},
    {"keep_alive_timeout", Side::Proxy},
    {"header_timeout", Side::Client},
    {"body_timeout", Side::Client},
    {"request_refused", Side::Client},
    {"request_too_large", Side::Client},
    {"response_refused", Side::Backend},
    {"response_timeout", Side::Backend},
    {"response_idle_timeout", Side::Backend},
    {"request_timeout", Side::Proxy},
    {"tunnel_idle_timeout", Side::Proxy},
    {"http2_error", Side::Client},
    {"http2_flood", Side::Client},
};
static_assert(sizeof kReasons / sizeof *kReasons == static_cast<size_t>(Reason::Count));

constexpr const char* kLimits[] = {
    "connections",
    "connections_per_client",
    "hello_size",
    "hello_timeout",
    "handshake_timeout",
    "connect_timeout",
    "connect_attempts",
    "idle_timeout",
    "half_closed_timeout",
    "pipe_memory",
    "turn_bytes",
    "header_size",
    "header_count",
    "header_timeout",
    "body_size",
    "body_timeout",
    "keep_alive_timeout",
    "response_timeout",
    "response_idle_timeout",
    "request_timeout",
    "tunnel_idle_timeout",
    "backend_idle_connections",
    "backend_idle_timeout",
    "http2_streams",
    "http2_resets",
    "http2_control_frames",
};
static_assert(sizeof kLimits / sizeof *kLimits == static_cast<size_t>(Limit::Count));

}  // namespace

const char* name(Reason reason) { return kReasons[static_cast<size_t>(reason)].name; }
Side side_of(Reason reason) { return kReasons[static_cast<size_t>(reason)].side; }
const char* name(Limit limit) { return kLimits[static_cast<size_t>(limit)]; }

const char* name(Side side) {
  switch (side) {
    case Side::Client: return "client";
    case Side::Backend: return "backend";
    case Side::Proxy: return "proxy";
  }
  return "?";
}

}  // namespace sallyport
